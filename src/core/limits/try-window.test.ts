import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import { type Attempts, giveBackTry, isDisabled, pausedSeconds, RULES, type Rule, reserveTry } from './throttle.ts';

const NOW = 1_800_000_000;
const HOUR = 60 * 60;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** The state as the database returns it. */
function writtenAt(state: Attempts | undefined, at: number, aheadSeconds = 0): Attempts | undefined {
  return state && { ...state, writtenAt: at, aheadSeconds };
}

/** Makes tries from this time on, each as soon as it is allowed; returns the state after them. */
function tried(rule: Rule, count: number, from: number): Attempts | undefined {
  let [state, at]: [Attempts | undefined, number] = [undefined, from];
  for (let done = 0; done < count; ) {
    const next = reserveTry(rule, writtenAt(state, at), at);
    if (isRefusal(next)) at += next.retryAfterSeconds ?? 0;
    else [state, done] = [next, done + 1];
  }
  return writtenAt(state, at);
}

test('a person who signed in correctly while the clock was ahead signs in again', () => {
  for (const ahead of [HOUR, 2 * HOUR, YEAR]) {
    for (const rule of [RULES.passwordKnownDevice, RULES.passwordUnknownDevice]) {
      const then = NOW + ahead;
      const counted = reserveTry(rule, undefined, then);
      assert(!isRefusal(counted));
      const state = writtenAt(giveBackTry(rule, counted, then), then);
      assert(!isRefusal(reserveTry(rule, state, NOW)), `${ahead}`);
    }
  }
});

test('a wait that was counted ahead begins now', () => {
  const { oneTimeCode: rule } = RULES;
  const state = tried(rule, 5, NOW + 2 * HOUR);
  assert.deepEqual(reserveTry(rule, state, NOW), { refused: 'too_many_attempts', retryAfterSeconds: 60 });
  const brought = writtenAt(state, NOW, 2 * HOUR);
  assert(isRefusal(reserveTry(rule, brought, NOW + 59)));
  const next = reserveTry(rule, brought, NOW + 60);
  assert(!isRefusal(next));
  assert.equal(next.streak, 6);
});

test('a budget that was used up ahead is used up, and comes back in its own time once it was brought back', () => {
  const { recoveryCode: rule } = RULES;
  const ahead = tried(rule, 10, NOW + YEAR);
  assert(isRefusal(reserveTry(rule, ahead, NOW)));
  assert(pausedSeconds(rule, ahead, NOW) >= DAY);
  const brought = writtenAt(ahead, NOW, YEAR);
  assert(isRefusal(reserveTry(rule, brought, NOW + DAY - 1)));
  assert(!isRefusal(reserveTry(rule, brought, NOW + DAY + HOUR)));
});

test('what disables an authenticator disables it, whatever the clock said', () => {
  const state = tried(RULES.oneTimeCode, 50, NOW + YEAR);
  assert(isDisabled(RULES.oneTimeCode, state));
  assert.deepEqual(reserveTry(RULES.oneTimeCode, state, NOW), { refused: 'authenticator_disabled' });
});

test('a clock that goes back for a moment refills nothing, also where a try was made meanwhile', () => {
  const { addressCodes: rule } = RULES;
  const full = tried(rule, 30, NOW);
  const refusal = reserveTry(rule, full, NOW - HOUR);
  assert(isRefusal(refusal));
  assert((refusal.retryAfterSeconds ?? 0) <= HOUR + 60);
  let state = tried(rule, 28, NOW);
  for (const at of [NOW - HOUR, NOW + 1]) {
    const next = reserveTry(rule, state, at);
    assert(!isRefusal(next));
    state = writtenAt(next, Math.max(NOW, at));
  }
  assert(isRefusal(reserveTry(rule, state, NOW + 2)));
});

test('no try is forgotten because the clock was ahead when it was made', () => {
  const rules: readonly Rule[] = Object.values(RULES).filter(({ windows }) => windows.length > 0);
  const many = { min: 1, max: 8 };
  fc.assert(
    fc.property(
      fc.constantFrom(...rules),
      fc.integer({ min: 61, max: 2 * YEAR }),
      fc.integer(many),
      (rule, ahead, n) => {
        const count = Math.min(n, Math.min(...rule.windows.map(({ limit }) => limit)) - 1);
        const next = reserveTry(rule, tried(rule, count, NOW + ahead), NOW);
        if (isRefusal(next)) return;
        assert.equal(
          next.windows[0]?.reduce((sum, [, tries]) => sum + tries, 0),
          count + 1,
        );
      },
    ),
  );
});
