import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName } from './name.ts';

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
