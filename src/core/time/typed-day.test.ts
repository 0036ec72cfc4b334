import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingsOf, typedDay } from './typed-day.ts';

test('a day that can be read in one way only is understood', () => {
  for (const typed of [
    ...['2026-12-31', ' 2026-12-31 ', '2026/12/31', '2026.12.31', '31.12.2026', '31. 12. 2026'],
    ...['31/12/2026', '12/31/2026', '31-12-2026'],
  ]) {
    assert.equal(typedDay(typed), '2026-12-31', typed);
  }
  assert.equal(typedDay('1.2.2026'), '2026-02-01');
  assert.equal(typedDay('2026-2-1'), '2026-02-01');
  // Both readings give the same day.
  assert.equal(typedDay('5/5/2026'), '2026-05-05');
});

test('a day with two readings is not guessed at', () => {
  assert.equal(typedDay('4/5/2026'), undefined);
  assert.deepEqual(readingsOf('4/5/2026'), ['2026-05-04', '2026-04-05']);
});

test('what is no day is none', () => {
  for (const typed of [
    '',
    '31.12.26',
    '31.12.',
    '30.2.2026',
    '2026-02-30',
    '0.1.2026',
    '1/2.2026',
    'tomorrow',
    '20261231',
  ]) {
    assert.deepEqual(readingsOf(typed), [], typed);
  }
});
