import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName, isSlug, slugOf } from './name.ts';

test('a name is kept trimmed, composed and with one space at a time', () => {
  assert.equal(cleanName('  Ana   Silva '), 'Ana Silva');
  assert.equal(cleanName('Rene\u0301'), 'Ren\u00e9');
});

test('an empty, overlong or invisible name is none', () => {
  for (const typed of ['', '   ', 'a\nb', 'a\u202eb', 'a\u200bb', 'a\u2028b', 'x'.repeat(101)]) {
    assert.equal(cleanName(typed), undefined, JSON.stringify(typed));
  }
  assert.equal(cleanName('x'.repeat(100))?.length, 100);
});

test('a slug is made of the Latin letters and digits of a name', () => {
  assert.equal(slugOf('Acme Telecom'), 'acme-telecom');
  assert.equal(slugOf('  Müller & Söhne (Straße) '), 'muller-sohne-strasse');
  assert.equal(slugOf('日本'), undefined);
  assert.equal(slugOf(`${'a'.repeat(59)} b`), 'a'.repeat(59));
});

test('a slug has no capitals, no underscore and no hyphen at an end', () => {
  for (const slug of ['acme', 'a-1', '4you']) assert.equal(isSlug(slug), true, slug);
  for (const slug of ['', 'Acme', 'a_b', '-a', 'a-', 'a--b', 'a b', 'ä', 'a'.repeat(61)]) {
    assert.equal(isSlug(slug), false, slug);
  }
});
