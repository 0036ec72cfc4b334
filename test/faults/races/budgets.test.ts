import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { oneTimeCodeCounter, recoveryCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { authenticatorIdOf, HOUR, haveFailed, MINUTE, wrongCode } from '../../security/limits/limits-story.ts';
import { PASSWORD } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { call, formOf, openRace, type Race, type Racer, ROUNDS, sessionsOpened, times } from './race-world.ts';

const TWO_HUNDRED = 200;
/** Each of these sends four times the requests. */
const FEWER_ROUNDS = Math.ceil(ROUNDS / 4);

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

describe('two hundred wrong codes at once', () => {
  /** The earlier failures, their interval, and the attempts that remain. */
  const STATES = [
    { before: 0, every: 0, left: 5, name: 'nothing failed before: five are compared' },
    { before: 4, every: MINUTE, left: 1, name: 'four in a row before: one is compared' },
    { before: 12, every: HOUR, left: 1, name: 'twelve in a row before: one is compared' },
    { before: 19, every: HOUR, left: 1, name: 'nineteen in 24 hours before: one is compared' },
    { before: 49, every: 12 * HOUR, left: 1, name: 'forty-nine in a row before: one is compared' },
    { before: 5, every: 1, left: 0, name: 'a wait is running: none is compared' },
    { before: 20, every: HOUR, left: 0, name: 'paused: none is compared' },
    { before: 50, every: 12 * HOUR, left: 0, name: 'disabled: none is compared' },
  ];

  for (const { name, before, every, left } of STATES) {
    test(name, async () => {
      for (let round = 1; round <= FEWER_ROUNDS; round++) {
        const racer = await race.newRacer();
        await fail(race, racer, before, every);
        const tokens = await race.pendingTokens(racer.email, 10);
        const code = wrongCode(race, racer.secret);
        const calls = tokens.map((token) => call('/sign-in/one-time-code', { code }, token));
        const answers = await race.send(times(TWO_HUNDRED, ...calls));
        assert.equal(answers.filter(({ status }) => status === 422).length, left);
        assert.equal(answers.filter(({ status }) => status === 429 || status === 403).length, TWO_HUNDRED - left);
        assert.deepEqual(await comparedAndNot(race, racer.id, 'sign_in.code_refused', 'code_incorrect'), [
          left,
          TWO_HUNDRED - left,
        ]);
      }
    });
  }

  test('with the right one among them and no try left open nothing', async () => {
    for (let round = 0; round < FEWER_ROUNDS; round++) {
      const racer = await race.newRacer();
      await fail(race, racer, 5, 1);
      const tokens = await race.pendingTokens(racer.email, 10);
      const [wrong, right] = [wrongCode(race, racer.secret), race.totp(racer.secret)];
      const calls = tokens.map((token) => call('/sign-in/one-time-code', { code: wrong }, token));
      const requests = times(TWO_HUNDRED, ...calls);
      // At the start, in the middle and at the end.
      for (const at of [0, 100, 199]) requests[at] = call('/sign-in/one-time-code', { code: right }, tokens[at % 10]);
      assert.equal(sessionsOpened(await race.send(requests)), 0);
      assert.equal((await race.sessionsOf(racer.id)).length, 0);
      assert.deepEqual(await comparedAndNot(race, racer.id, 'sign_in.code_refused', 'code_incorrect'), [0, 200]);
    }
  });

  test('on one pending sign-in are five, in a known browser as well', async () => {
    for (let round = 1; round <= FEWER_ROUNDS; round++) {
      const racer = await race.newRacer();
      const browser = await race.knownBrowser(racer.id);
      await browser.signIn(racer.email);
      const form = await formOf(browser, '/sign-in/one-time-code', { code: wrongCode(race, racer.secret) });
      const answers = await race.send(times(TWO_HUNDRED, form));
      assert.equal(answers.filter(({ status }) => status === 422).length, 5);
      assert.deepEqual(await comparedAndNot(race, racer.id, 'sign_in.code_refused', 'code_incorrect'), [5, 195]);
    }
  });

  test('at a set-up are twenty', async () => {
    for (let round = 1; round <= FEWER_ROUNDS; round++) {
      const user = await race.newUser();
      const [token] = await race.pendingTokens(user.email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const code = wrongCode(race, String(body.secret));
      const answers = await race.send(times(TWO_HUNDRED, call('/sign-in/enrollment/confirm', { code }, token)));
      assert.equal(answers.filter(({ status }) => status === 422).length, 20);
      assert.deepEqual(await comparedAndNot(race, user.id, 'enrollment.code_refused', 'code_incorrect'), [20, 180]);
    }
  });
});

describe('two hundred at once', () => {
  test('wrong recovery codes are ten, and one when nine failed before', async () => {
    for (const before of [0, 9]) {
      const racer = await race.newRacer();
      await race.recoveryCodes(racer.id);
      const counter = recoveryCodeCounter(racer.id, undefined);
      if (before > 0) await haveFailed(race, counter, before, HOUR);
      const tokens = await race.pendingTokens(racer.email, 10);
      const code = '0000-0000-0000-0000';
      const calls = tokens.map((token) => call('/sign-in/recovery-code', { code }, token));
      const answers = await race.send(times(TWO_HUNDRED, ...calls));
      const left = 10 - before;
      assert.equal(answers.filter(({ status }) => status === 422).length, left);
      const compared = await comparedAndNot(race, racer.id, 'recovery_code.refused', 'recovery_code_incorrect');
      assert.deepEqual(compared, [left, 200 - left]);
    }
  });

  test('wrong passwords are ten, and the right one among them opens nothing when none is left', async () => {
    for (let round = 1; round <= FEWER_ROUNDS; round++) {
      const racer = await race.newRacer();
      const wrong = call('/sign-in', { email: racer.email, password: 'wrong' });
      const answers = await race.send(times(TWO_HUNDRED, wrong));
      assert.equal(answers.filter(({ status }) => status === 401).length, 10);
      assert.deepEqual(await comparedAndNot(race, racer.id, 'sign_in.password_refused', 'wrong_password'), [10, 190]);
      const right = call('/sign-in', { email: racer.email, password: PASSWORD });
      const mixed = await race.send(times(TWO_HUNDRED, wrong, right));
      assert.ok(mixed.every(({ status }) => status === 429));
    }
  });

  test('right passwords begin twenty sign-ins, of which ten are alive', async () => {
    for (let round = 1; round <= FEWER_ROUNDS; round++) {
      const racer = await race.newRacer();
      const right = call('/sign-in', { email: racer.email, password: PASSWORD });
      const answers: WireAnswer[] = [];
      // At most ten at once: the eleventh would find the bucket empty until one is returned.
      for (let round = 0; round < 3; round++) answers.push(...(await race.send(times(10, right))));
      assert.equal(answers.filter(({ status }) => status === 200).length, 20);
      const rows = await race.env.db.read
        .selectFrom('pending_sign_ins')
        .select('id')
        .where('user_id', '=', racer.id)
        .execute();
      assert.equal(rows.length, 10);
    }
  });

  test('requests for a reset link send three mails', async () => {
    for (let round = 1; round <= FEWER_ROUNDS; round++) {
      const racer = await race.newRacer();
      const browser = race.person();
      const forms: WireRequest[] = [];
      // Twenty pages, because the same form sent again counts as one request.
      for (let page = 0; page < 20; page++)
        forms.push(await formOf(browser, '/forgot-password', { email: racer.email }));
      const answers = await race.send(times(TWO_HUNDRED, ...forms));
      assert.equal(new Set(answers.map(({ status }) => status)).size, 1);
      assert.equal((await race.mail()).filter(({ to }) => to === racer.email).length, 3);
    }
  });
});

async function fail(race: Race, racer: Racer, tries: number, everySeconds: number): Promise<void> {
  if (tries === 0) return;
  const counter = oneTimeCodeCounter(await authenticatorIdOf(race, racer.id), undefined);
  await haveFailed(race, counter, tries, everySeconds);
}

/** How many codes the audit log records as compared, and how many as not. */
async function comparedAndNot(race: Race, userId: string, action: string, reason: string): Promise<[number, number]> {
  const events = await race.eventsOf(userId, action);
  const compared = events.filter(({ detail }) => detail.reason === reason).length;
  return [compared, events.length - compared + (await race.refusedByLimit(userId, action))];
}
