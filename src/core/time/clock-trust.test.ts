import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isImpossible } from './clock.ts';
import { type ClockTrust, firstTrust, lookAgain, trustedNow } from './clock-trust.ts';

const NOW = 1_800_000_000;
const HOUR = 60 * 60;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A process that reads its clock: `look` gives the seconds since the start, and how far the wall clock is ahead. */
function openClock(newestAt?: number) {
  let trust: ClockTrust = firstTrust({ wall: NOW, steady: 0 }, newestAt);
  return {
    look(steady: number, aheadSeconds: number) {
      const reading = { wall: NOW + steady + aheadSeconds, steady };
      const { trust: next, jumpSeconds } = lookAgain(trust, reading);
      trust = next;
      return { jumpSeconds, believedAhead: trustedNow(trust, reading) - NOW - steady };
    },
  };
}

test('an instant more than a minute ahead cannot be', () => {
  assert.equal(isImpossible(NOW + 60, NOW), false);
  assert.equal(isImpossible(NOW + 61, NOW), true);
  assert.equal(isImpossible(NOW - YEAR, NOW), false);
});

test('a jump ahead is told at once, and believed only after it has stood for five minutes', () => {
  const { look } = openClock();
  assert.deepEqual(look(10, 0), { jumpSeconds: 0, believedAhead: 0 });
  assert.deepEqual(look(11, 2 * HOUR), { jumpSeconds: 2 * HOUR, believedAhead: 0 });
  assert.deepEqual(look(300, 2 * HOUR), { jumpSeconds: 0, believedAhead: 0 });
  assert.deepEqual(look(311, 2 * HOUR), { jumpSeconds: 0, believedAhead: 2 * HOUR });
});

test('a jump ahead that is set right changes nothing of what is believed', () => {
  const { look } = openClock();
  look(11, YEAR);
  assert.deepEqual(look(12, 0), { jumpSeconds: -YEAR, believedAhead: 0 });
  assert.deepEqual(look(1_000, 0), { jumpSeconds: 0, believedAhead: 0 });
});

test('a clock that goes back is believed at once, and so is its return', () => {
  const { look } = openClock();
  assert.deepEqual(look(11, -HOUR), { jumpSeconds: -HOUR, believedAhead: -HOUR });
  assert.deepEqual(look(20, 0), { jumpSeconds: HOUR, believedAhead: 0 });
});

test('a clock that has stood behind for long goes ahead like any other', () => {
  const { look } = openClock();
  look(11, -HOUR);
  look(400, -HOUR);
  assert.deepEqual(look(401, 0), { jumpSeconds: HOUR, believedAhead: -HOUR });
});

test('a start a day after the newest instant of the database is like a jump ahead', () => {
  assert.equal(openClock(NOW - DAY).look(1, 0).believedAhead, 0);
  const { look } = openClock(NOW - YEAR);
  assert.equal(look(1, 0).believedAhead, -YEAR);
  assert.equal(look(300, 0).believedAhead, 0);
});

test('a start before the newest instant of the database goes by its own clock', () => {
  assert.equal(openClock(NOW + YEAR).look(1, 0).believedAhead, 0);
});

test('a clock that is slewed by less than a minute between two looks never jumps', () => {
  const { look } = openClock();
  for (let step = 1; step <= 20; step += 1) {
    assert.deepEqual(look(step * 1_000, step * 30), { jumpSeconds: 0, believedAhead: step * 30 });
  }
});
