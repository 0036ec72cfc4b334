import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanName } from './name.ts';

test('a name is kept trimmed, composed and with one space at a time', () => {
  assert.equal(cleanName('  Ana   Silva '), 'Ana Silva');
  assert.equal(cleanName('Rene\u0301'), 'Ren\u00e9');
});

test('joiners stay where a script or an emoji needs them', () => {
  const names = {
    persian: 'علی\u200cرضا',
    sinhala: 'ශ්\u200dරී',
    'bengali, before the virama': 'র\u200d্যাচেল',
    'malayalam, at the end': 'മോഹന്\u200d',
    'a family': '👨\u200d👩\u200d👧',
    'a profession with a colour': '👩🏽\u200d💻',
    'a heart on fire without its style': '❤\u200d🔥',
    'a flag of tags': '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    'a flag of letters': '🇩🇪',
    'a keycap': '1\ufe0f\u20e3',
    'a cup with its style': '☕\ufe0f',
    'a variant of an ideograph': '葛\u{e0100}',
  };
  for (const [what, name] of Object.entries(names)) assert.equal(cleanName(`Zoë ${name}`), `Zoë ${name}`, what);
});

test('what was pasted along unseen is dropped, and a special space is a space', () => {
  assert.equal(cleanName('Anna\u00adlena'), 'Annalena');
  assert.equal(cleanName('\ufeffAna\u200b Sil\u2060va\u200e'), 'Ana Silva');
  assert.equal(cleanName('Ana\tSilva\t'), 'Ana Silva');
  assert.equal(cleanName('Ana\u00a0\u202fSilva\u3000'), 'Ana Silva');
  assert.equal(cleanName('A\u200dna\u200c'), 'Ana');
  assert.equal(cleanName('علی\u200c'), 'علی');
  assert.equal(cleanName('a\ufe0f'), 'a');
  assert.equal(cleanName('e\u034f\u0301'), 'é');
});

test('controls, line breaks and marks that turn the direction of writing are refused', () => {
  for (const typed of [
    'a\nb',
    'a\0b',
    'a\u001bb',
    'a\u202eb',
    'a\u202a',
    '\u2066a\u2069',
    'a\u2028b',
    'a\u{e0061}b',
    '\ud800',
  ]) {
    assert.equal(cleanName(typed), undefined, JSON.stringify(typed));
  }
});

test('a kept name is kept as it is, and shows nothing unseen', () => {
  const odd = fc.constantFrom(
    ...'\u200c\u200d\ufe0f\u00ad\ufeff\u0301\u094d\u202e\t\u00a0',
    'क',
    'ر',
    '👩',
    '💻',
    '葛',
    '\u{e0100}',
    'e',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.oneof(odd, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), maxLength: 30 }),
      (typed) => {
        const name = cleanName(typed);
        if (name === undefined) return;
        assert.equal(cleanName(name), name);
        assert.doesNotMatch(name, /[\u00ad\ufeff\u200b\u202a-\u202e\u2066-\u2069\p{Cc}]/u);
      },
    ),
    { numRuns: 2000 },
  );
});

test('an empty, overlong or invisible name is none', () => {
  const overlong = ['x'.repeat(101), 'a\u0315\u0300'.repeat(16_000)];
  for (const typed of ['', '   ', '\u200b', '\u200d', '\u3164', '\u0301', ...overlong]) {
    assert.equal(cleanName(typed), undefined, JSON.stringify(typed));
  }
  assert.equal(cleanName('x'.repeat(100))?.length, 100);
});
