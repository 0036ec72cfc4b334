import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessCodeExpiresAt, opensEnrollment } from './access-code.ts';

const NOW = 1_800_000_000;

test('a temporary access code lives from ten minutes to a day', () => {
  assert.equal(accessCodeExpiresAt(10, NOW), NOW + 600);
  assert.equal(accessCodeExpiresAt(1440, NOW), NOW + 86_400);
  for (const minutes of [9, 1441, 0, -10, 10.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(accessCodeExpiresAt(minutes, NOW), undefined, String(minutes));
  }
});

test('an enrollment is open without a code, or to the one owner that used it', () => {
  assert.equal(opensEnrollment(undefined, 'mine'), true);
  assert.equal(opensEnrollment({ usedBy: undefined }, 'mine'), false);
  assert.equal(opensEnrollment({ usedBy: 'mine' }, 'mine'), true);
  assert.equal(opensEnrollment({ usedBy: 'mine' }, 'another'), false);
});
