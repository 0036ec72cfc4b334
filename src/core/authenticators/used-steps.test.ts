import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepAt } from './totp.ts';
import { latestStep, stepBroughtBack } from './used-steps.ts';

const NOW = 1_800_000_000;
const S = stepAt(NOW);
const AHEAD = S + 240;

const listed = (...steps: readonly number[]) => steps.map((step) => `${step} `).join('');

test('a step that a right clock can have accepted is no sign of a wrong one', () => {
  assert.equal(latestStep(NOW), S + 3);
});

test('the last used step goes back to the newest one that can have been used', () => {
  assert.equal(stepBroughtBack(AHEAD, listed(AHEAD, AHEAD - 1, S - 7, S - 20), NOW), S - 7);
  assert.equal(stepBroughtBack(AHEAD, listed(AHEAD), NOW), -1);
});

test('where nobody knows what was used, every step up to the next one counts as used', () => {
  // The state in a restored backup.
  assert.equal(stepBroughtBack(AHEAD, listed(S - 7), NOW), S + 1);
  assert.equal(stepBroughtBack(AHEAD, '', NOW), S + 1);
  const full = Array.from({ length: 20 }, (_, index) => AHEAD - index);
  assert.equal(listed(...full).length, 180);
  assert.equal(stepBroughtBack(AHEAD, listed(...full), NOW), S + 1);
});
