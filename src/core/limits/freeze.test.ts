import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frozenUntil } from './freeze.ts';

const RESET = 1_800_000_000;
const HOURS_48 = 48 * 60 * 60;
const reset = { passwordResetAt: RESET };
const old = { enrolledAt: RESET - 1 };

test('holds for as long as it was set to, and not a second longer', () => {
  assert.equal(frozenUntil(reset, old, 48, RESET), RESET + HOURS_48);
  assert.equal(frozenUntil(reset, old, 48, RESET + HOURS_48 - 1), RESET + HOURS_48);
  assert.equal(frozenUntil(reset, old, 48, RESET + HOURS_48), undefined);
});

test('is none where it is switched off, or no password was ever set by a link', () => {
  assert.equal(frozenUntil(reset, old, 0, RESET), undefined);
  assert.equal(frozenUntil({}, old, 48, RESET), undefined);
});

test('protects what was there when the password was reset, and nothing else', () => {
  assert.equal(frozenUntil(reset, undefined, 48, RESET + 1), undefined);
  assert.equal(frozenUntil(reset, { enrolledAt: RESET + 1 }, 48, RESET + 2), undefined);
});
