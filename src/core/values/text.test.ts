import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutPastCap, isShort, isStorable, searchText } from './text.ts';

test('a text is measured in bytes, its cap included', () => {
  assert.equal(isShort('code', 'x'.repeat(64)), true);
  assert.equal(isShort('code', 'x'.repeat(65)), false);
  assert.equal(isShort('code', 'é'.repeat(32)), true);
  assert.equal(isShort('code', 'é'.repeat(33)), false);
});

test('what is cut past its cap is still too long, and never much longer', () => {
  for (const text of ['x'.repeat(65), 'é'.repeat(33), '河'.repeat(60_000), '🦦'.repeat(60_000)]) {
    const cut = cutPastCap('code', text);
    assert.equal(isShort('code', cut), false);
    assert.ok(cut.length <= 65);
  }
  assert.equal(cutPastCap('code', '123456'), '123456');
});

test('a NUL and half of a surrogate pair cannot be stored', () => {
  for (const text of ['', 'Ana', '🦦', '\u0001']) assert.equal(isStorable(text), true, JSON.stringify(text));
  for (const text of ['\0', 'a\0b', '\ud800', 'a\udfff']) assert.equal(isStorable(text), false, JSON.stringify(text));
});

test('a search is composed and trimmed, and of a long one the beginning counts', () => {
  assert.equal(searchText('  Rene\u0301 '), 'René');
  assert.equal(searchText('   '), undefined);
  assert.equal(searchText('a'.repeat(60_000)), 'a'.repeat(100));
  assert.equal(searchText('河'.repeat(60_000))?.startsWith('河'.repeat(66)), true);
  assert.equal(searchText('🦦'.repeat(60_000))?.isWellFormed(), true);
});
