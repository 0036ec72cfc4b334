import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import {
  type Attempts,
  giveBackTry,
  isDisabled,
  pausedSeconds,
  RULES,
  type Rule,
  reenableTries,
  reserveTry,
  unlockTries,
} from './throttle.ts';

const START = 1_800_000_000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('one-time codes', () => {
  const rule = RULES.oneTimeCode;

  test('five tries in a row need no wait, and the sixth waits a minute', () => {
    const { state } = fail(rule, 5);
    assert.deepEqual(refusal(rule, state, START), { refused: 'too_many_attempts', retryAfterSeconds: MINUTE });
    assert.equal(refusal(rule, state, START + MINUTE - 1).retryAfterSeconds, 1);
    allowed(rule, state, START + MINUTE);
  });

  test('the wait grows to a quarter of an hour after ten and to an hour after twenty', () => {
    const ten = fail(rule, 10);
    assert.equal(refusal(rule, ten.state, ten.at).retryAfterSeconds, 15 * MINUTE);
    const afterTwenty = fail(rule, 21);
    assert.equal(refusal(rule, afterTwenty.state, afterTwenty.at).retryAfterSeconds, HOUR);
  });

  test('twenty in a day pause the authenticator until enough of them are a day old', () => {
    const { state, at } = fail(rule, 20);
    assert.equal(refusal(rule, state, at).refused, 'authenticator_paused');
    const seconds = pausedSeconds(rule, state, at);
    // The first ten were in the first hour or so; the pause ends when the bucket of the first tries is too old.
    assert.ok(at + seconds >= START + DAY && at + seconds < START + DAY + HOUR, String(seconds));
    assert.equal(refusal(rule, state, at).retryAfterSeconds, seconds);
    allowed(rule, state, at + seconds);
  });

  test('fifty in a row disable the authenticator, and no waiting brings it back', () => {
    const { state, at } = fail(rule, 50);
    assert.ok(isDisabled(rule, state));
    assert.deepEqual(refusal(rule, state, at), { refused: 'authenticator_disabled' });
    assert.deepEqual(refusal(rule, state, at + 3650 * DAY), { refused: 'authenticator_disabled' });
  });

  test('sixty in thirty days disable the authenticator although successes lay between them', () => {
    const { state, at } = sixtyWithSuccesses();
    assert.ok(state.streak < 50);
    assert.ok(isDisabled(rule, state));
    assert.deepEqual(refusal(rule, state, at + 365 * DAY), { refused: 'authenticator_disabled' });
  });

  test('a success as the fiftieth try gives it back and disables nothing', () => {
    const { state, at } = fail(rule, 49);
    const later = openAt(rule, state, at);
    const reserved = allowed(rule, state, later);
    assert.ok(isDisabled(rule, reserved));
    const after = giveBackTry(rule, reserved, later);
    assert.ok(!isDisabled(rule, after));
    assert.equal(after.streak, 0);
    allowed(rule, after, later);
  });

  test('a success ends the streak and leaves what others failed in the rolling budgets', () => {
    const { state, at } = fail(rule, 19);
    const later = openAt(rule, state, at);
    let after = giveBackTry(rule, allowed(rule, state, later), later);
    after = allowed(rule, after, later);
    assert.equal(refusal(rule, after, later).refused, 'authenticator_paused');
  });

  test('unlock clears waits, streak and the count of 24 hours, and keeps the count of 30 days', () => {
    const { state, at } = fail(rule, 20);
    const unlocked = unlockTries(rule, state);
    assert.equal(unlocked.streak, 0);
    assert.equal(pausedSeconds(rule, unlocked, at), 0);
    assert.deepEqual(unlocked.windows[1], state.windows[1]);
    assert.ok(unlocked.expiresAt > at + 29 * DAY);
    allowed(rule, unlocked, at);
  });

  test('unlock never brings a disabled authenticator back; a re-enabled one starts afresh', () => {
    for (const { state, at } of [fail(rule, 50), sixtyWithSuccesses()]) {
      const unlocked = unlockTries(rule, state);
      assert.ok(isDisabled(rule, unlocked));
      assert.deepEqual(refusal(rule, unlocked, at + 60 * DAY), { refused: 'authenticator_disabled' });
      assert.deepEqual(allowed(rule, reenableTries(rule), at), allowed(rule, undefined, at));
    }
  });

  /** One success after every tenth failure, so that the streak stays short. */
  function sixtyWithSuccesses() {
    let state: Attempts | undefined;
    let at = START;
    for (let failures = 1; failures <= 60; failures++) {
      at = openAt(rule, state, at);
      state = allowed(rule, state, at);
      if (failures % 10 > 0 || failures === 60) continue;
      at = openAt(rule, state, at);
      state = giveBackTry(rule, allowed(rule, state, at), at);
    }
    assert.ok(state !== undefined && at - START < 30 * DAY);
    return { state, at };
  }
});

describe('recovery codes', () => {
  const rule = RULES.recoveryCode;

  test('ten in a day, then none until the day is over', () => {
    const { state } = fail(rule, 10);
    const refused = refusal(rule, state, START);
    assert.equal(refused.refused, 'too_many_attempts');
    assert.ok(Number(refused.retryAfterSeconds) >= DAY && Number(refused.retryAfterSeconds) < DAY + HOUR);
  });

  test('thirty in thirty days, and unlock does not refill them', () => {
    const { state, at } = fail(rule, 30);
    assert.ok(at < START + 4 * DAY);
    assert.ok(Number(refusal(rule, state, at).retryAfterSeconds) > 26 * DAY);
    assert.ok(Number(refusal(rule, unlockTries(rule, state), at).retryAfterSeconds) > 26 * DAY);
  });
});

describe('passwords', () => {
  const rule = RULES.passwordUnknownDevice;

  test('ten at once, then one every six minutes', () => {
    for (const passwords of [rule, RULES.passwordKnownDevice]) {
      const { state } = fail(passwords, 10);
      assert.deepEqual(refusal(passwords, state, START), { refused: 'too_many_attempts', retryAfterSeconds: 360 });
      const next = allowed(passwords, state, START + 360);
      assert.equal(refusal(passwords, next, START + 360).retryAfterSeconds, 360);
    }
  });

  test('a hundred in a row lock the email out until it is unlocked', () => {
    const { state, at } = fail(rule, 100);
    const closed = { refused: 'too_many_attempts', reason: 'closed', retryAfterSeconds: DAY };
    assert.deepEqual(refusal(rule, state, at), closed);
    assert.deepEqual(refusal(rule, state, at + 3650 * DAY), closed);
    allowed(rule, unlockTries(rule, state), at);
  });

  test('a success as the hundredth try prevents the lockout', () => {
    const { state, at } = fail(rule, 99);
    const later = openAt(rule, state, at);
    allowed(rule, giveBackTry(rule, allowed(rule, state, later), later), later);
  });

  test('a known device never closes', () => {
    const { state, at } = fail(RULES.passwordKnownDevice, 150);
    assert.equal(refusal(RULES.passwordKnownDevice, state, at).reason, undefined);
  });

  test('a success gives one token back and no more', () => {
    const { state } = fail(rule, 9);
    const after = allowed(rule, giveBackTry(rule, allowed(rule, state, START), START), START);
    assert.equal(refusal(rule, after, START).retryAfterSeconds, 360);
  });

  test('a streak short of a hundred is forgotten after 90 silent days; a streak of codes never', () => {
    const passwords = fail(rule, 99);
    assert.equal(allowed(rule, passwords.state, passwords.at + 90 * DAY).streak, 1);
    const codes = fail(RULES.oneTimeCode, 9);
    assert.equal(allowed(RULES.oneTimeCode, codes.state, codes.at + 3650 * DAY).streak, 10);
  });
});

describe('addresses, new sign-ins and mails', () => {
  for (const [name, limit, span] of [
    ['addressPasswords', 20, 10 * MINUTE],
    ['addressCodes', 30, HOUR],
    ['addressResets', 60, HOUR],
    ['addressRefusals', 60, HOUR],
    ['newPendingSignIns', 20, HOUR],
    ['resetMails', 3, HOUR],
  ] as const) {
    test(`${name} lets ${limit} through in ${span} seconds`, () => {
      const { state } = fail(RULES[name], limit);
      const refused = refusal(RULES[name], state, START);
      assert.equal(refused.refused, 'too_many_attempts');
      const seconds = Number(refused.retryAfterSeconds);
      assert.ok(seconds >= span && seconds < span + MINUTE, String(seconds));
      assert.equal(state.expiresAt, START + seconds);
    });
  }
});

/** This many failed tries, each as early as it is allowed. */
function fail(rule: Rule, tries: number): { state: Attempts; at: number } {
  let state: Attempts = reenableTries(rule);
  let at = START;
  for (let count = 0; count < tries; count++) {
    at = openAt(rule, state, at);
    state = allowed(rule, state, at);
  }
  return { state, at };
}

function openAt(rule: Rule, state: Attempts | undefined, now: number): number {
  const outcome = reserveTry(rule, state, now);
  return isRefusal(outcome) ? now + Number(outcome.retryAfterSeconds) : now;
}

function allowed(rule: Rule, state: Attempts | undefined, now: number): Attempts {
  const outcome = reserveTry(rule, state, now);
  if (isRefusal(outcome)) throw new assert.AssertionError({ message: `refused: ${JSON.stringify(outcome)}` });
  return outcome;
}

function refusal(rule: Rule, state: Attempts | undefined, now: number): Refusal {
  const outcome = reserveTry(rule, state, now);
  if (!isRefusal(outcome)) throw new assert.AssertionError({ message: `allowed: ${JSON.stringify(outcome)}` });
  return outcome;
}
