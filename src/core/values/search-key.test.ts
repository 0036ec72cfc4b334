import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowSearchKey, searchKey } from './search-key.ts';

test('case and accents of a name do not count, in whatever script it is written', () => {
  const alike = [
    ['Özdemir, Ünal', 'OZDEMIR, UNAL', 'o\u0308zdemir, u\u0308nal'],
    ['İstanbul', 'ISTANBUL', 'ıstanbul', 'istanbul'],
    ['Straße', 'STRASSE', 'strasse', 'STRAẞE'],
    ['Ελλάδα ΟΔΟΣ', 'ελλαδα οδος', 'ΕΛΛΑΔΑ οδοσ'],
    ['Семён Йолкин', 'семен иолкин', 'СЕМЁН ЙОЛКИН'],
    ['Łódź', 'lodz', 'ŁÓDŹ'],
    ['Søren Ærø', 'soren aero'],
    ['ﬁnance', 'FINANCE'],
    ['Ｔｏｙｏｔａ', 'toyota'],
    ['علی\u200cرضا', 'علیرضا'],
    ['Peter\u00a0\t Pan', 'peter pan'],
  ];
  for (const texts of alike) {
    const [first = '', ...others] = texts.map(searchKey);
    for (const other of others) assert.equal(other, first, texts[0]);
  }
});

test('marks that are letters of their script count', () => {
  assert.notEqual(searchKey('कि'), searchKey('क'));
});

test('a key of a key is itself, and a part of a text is found in its key', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      assert.equal(searchKey(searchKey(text)), searchKey(text));
    }),
  );
});

test('no text of a row runs over into the next', () => {
  assert.equal(rowSearchKey('A\nb', 'c'), 'a b\nc');
});
