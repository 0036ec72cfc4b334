import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import { type Attempts, giveBackTry, isDisabled, RULES, type Rule, reserveTry } from './throttle.ts';

type Outcome = 'fails' | 'succeeds';
/** `wait`: waits as long as the last refusal said, instead of `seconds`. */
type Step = { readonly seconds: number; readonly wait: boolean; readonly outcome: Outcome };

const START = 1_800_000_000;

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    seconds: fc.oneof(
      { weight: 6, arbitrary: fc.nat(90) },
      { weight: 3, arbitrary: fc.nat(3600) },
      { weight: 1, arbitrary: fc.nat(3 * 86_400) },
    ),
    wait: fc.boolean(),
    outcome: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Outcome>('fails') },
      { weight: 1, arbitrary: fc.constant<Outcome>('succeeds') },
    ),
  }),
  { minLength: 40, maxLength: 250 },
);

for (const [name, rule] of Object.entries<Rule>(RULES)) {
  describe(name, () => {
    test('lets no window of its span hold more than its limit of failures', () => {
      check(rule, (failures, now) => {
        for (const { limit, spanSeconds, atLimit } of rule.windows) {
          const recent = failures.filter((at) => at > now - spanSeconds).length;
          assert.ok(recent <= limit, `${recent} in ${spanSeconds} s (${atLimit})`);
        }
      });
    });

    test('lets no span hold more failures than a full bucket and what came back in it', () => {
      check(rule, (failures, now) => {
        if (rule.tokens === undefined) return;
        const { size, secondsEach } = rule.tokens;
        for (const [index, from] of failures.entries()) {
          const tries = failures.length - index;
          assert.ok(tries <= size + (now - from) / secondsEach, `${tries} in ${now - from} s`);
        }
      });
    });

    test('refuses only with a reason, and names the very second at which it stops', () => {
      run(rule, (state, now, failures) => {
        const refused = reserveTry(rule, state, now);
        assert.ok(isRefusal(refused));
        if (refused.refused === 'authenticator_disabled' || refused.reason === 'closed') return;
        const seconds = refused.retryAfterSeconds ?? 0;
        assert.ok(seconds > 0);
        assert.ok(isRefusal(reserveTry(rule, state, now + seconds - 1)));
        assert.ok(!isRefusal(reserveTry(rule, state, now + seconds)));
        assert.ok(rule.streak || rule.tokens || isFull(rule, failures, now), 'refused although there was room');
      });
    });

    test('survives as JSON, and an expired state says no more than none', () => {
      check(rule, (_, now, state) => {
        const copy: Attempts = JSON.parse(JSON.stringify(state));
        assert.deepEqual(reserveTry(rule, copy, now + 1), reserveTry(rule, state, now + 1));
        assert.ok(state.expiresAt > now);
        if (state.expiresAt > now + 400 * 86_400) return;
        const early = { ...state, expiresAt: state.expiresAt + 1 };
        const forgiven = rule.streak?.forgottenAfterSeconds === undefined;
        if (forgiven)
          assert.deepEqual(reserveTry(rule, early, state.expiresAt), reserveTry(rule, undefined, state.expiresAt));
      });
    });

    test('lets through no more parallel tries than one after the other, in whatever order they end', () => {
      const ends = fc.array(fc.constantFrom<Outcome>('fails', 'succeeds'), { maxLength: 12 });
      fc.assert(
        fc.property(ends, fc.infiniteStream(fc.nat()), (outcomes, seeds) => {
          const reserved = outcomes.map((outcome, index) => ({ outcome, at: START + index * 7 }));
          const inOrder = settle(rule, reserved);
          const shuffled = [...reserved].sort(() => (Number(seeds.next().value) % 2 === 0 ? 1 : -1));
          const otherwise = settle(rule, shuffled);
          assert.deepEqual(otherwise.windows, inOrder.windows);
          assert.equal(otherwise.fullAt, inOrder.fullAt);
        }),
        { numRuns: 50 },
      );
    });
  });
}

test('two hundred tries at once let through exactly what the rule has left', () => {
  const budgets: Record<string, number> = {
    oneTimeCode: 5,
    recoveryCode: 10,
    passkey: 30,
    passwordUnknownDevice: 10,
    passwordKnownDevice: 10,
    addressPasswords: 20,
    addressCodes: 30,
    recoveryCodeDraws: 10,
    linkPasswords: 10,
    addressResets: 60,
    addressRefusals: 60,
    addressSiteRequests: 180,
    addressOpenidRequests: 180,
    addressPasskeyChallenges: 180,
    newPendingSignIns: 20,
    resetMails: 3,
    emailChangeMails: 3,
    invitationMails: 3,
    teamInvitations: 60,
    wrongCodeMails: 1,
    pausedMails: 1,
    refusedPasswordMails: 1,
    programMails: 1,
  };
  for (const [name, rule] of Object.entries<Rule>(RULES)) {
    let state: Attempts | undefined;
    let through = 0;
    for (let tries = 0; tries < 200; tries++) {
      const outcome = reserveTry(rule, state, START);
      if (isRefusal(outcome)) continue;
      state = outcome;
      through++;
    }
    assert.equal(through, budgets[name], name);
  }
});

/** Runs random people against a rule; calls `onFailure` after each failed try that was allowed. */
function check(rule: Rule, onFailure: (failures: readonly number[], now: number, state: Attempts) => void): void {
  run(rule, () => {}, onFailure);
}

function run(
  rule: Rule,
  onRefusal: (state: Attempts | undefined, now: number, failures: readonly number[]) => void,
  onFailure: (failures: readonly number[], now: number, state: Attempts) => void = () => {},
): void {
  fc.assert(
    fc.property(steps, fc.nat(100_000), (people, offset) => {
      let state: Attempts | undefined;
      let now = START + offset;
      let retry = 0;
      const failures: number[] = [];
      for (const { seconds, wait, outcome } of people) {
        now += wait && retry > 0 ? retry : seconds;
        const before = JSON.stringify(state);
        const reserved = reserveTry(rule, state, now);
        assert.equal(JSON.stringify(state), before, 'a refused or counted try leaves the old state alone');
        retry = isRefusal(reserved) ? (reserved.retryAfterSeconds ?? 0) : 0;
        if (isRefusal(reserved)) onRefusal(state, now, failures);
        else if (outcome === 'succeeds') state = giveBackTry(rule, reserved, now);
        else {
          state = reserved;
          failures.push(now);
          onFailure(failures, now, state);
        }
        assert.ok(!isRefusal(reserved) || reserved.refused !== 'authenticator_disabled' || isDisabled(rule, state));
      }
    }),
    { numRuns: 60 },
  );
}

/** Whether a naive log finds a window full; a bucket's width is added, because buckets may count that much longer. */
function isFull(rule: Rule, failures: readonly number[], now: number): boolean {
  return rule.windows.some(
    ({ limit, spanSeconds, bucketSeconds }) =>
      failures.filter((at) => at > now - spanSeconds - bucketSeconds).length >= limit,
  );
}

/** Reserves all allowed tries, then completes them in the given order. */
function settle(rule: Rule, tries: readonly { outcome: Outcome; at: number }[]): Attempts {
  let state: Attempts = { streak: 0, windows: rule.windows.map(() => []), expiresAt: 0 };
  const reserved = new Set<number>();
  for (const { at } of [...tries].sort((a, b) => a.at - b.at)) {
    const outcome = reserveTry(rule, state, at);
    if (isRefusal(outcome)) continue;
    state = outcome;
    reserved.add(at);
  }
  for (const { outcome, at } of tries) {
    if (!reserved.has(at)) continue;
    if (outcome === 'succeeds') state = giveBackTry(rule, state, at);
  }
  return state;
}
