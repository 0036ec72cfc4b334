import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { PASSWORD, type Person } from '../../world.ts';
import type { WireRequest } from './at-once.ts';
import { call, formOf, openRace, type Race, ROUNDS, sessionsOpened, times } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

describe('ten different recovery codes at once', () => {
  test('work once each, and every one that worked is dead', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const codes = await race.recoveryCodes(racer.id);
      const tokens = await race.pendingTokens(racer.email, 10);
      const calls = codes.map((code, index) => call('/sign-in/recovery-code', { code }, tokens[index]));
      // Five of each, in parallel.
      const requests = calls.flatMap((one) => times(5, one));
      const answers = await race.send(requests);
      const worked = codes.filter((_, index) => {
        const wins = sessionsOpened(answers.slice(5 * index, 5 * index + 5));
        assert.ok(wins <= 1, `code ${index} worked ${wins} times`);
        return wins === 1;
      });
      assert.ok(worked.length > 0);
      assert.equal((await race.sessionsOf(racer.id)).length, worked.length);
      assert.equal((await race.eventsOf(racer.id, 'recovery_code.used')).length, worked.length);
      const left = codes.filter((code) => !worked.includes(code));
      assert.deepEqual(
        await statusesLater(race, racer.email, worked),
        worked.map(() => 422),
      );
      assert.deepEqual(
        await statusesLater(race, racer.email, left),
        left.map(() => 200),
      );
    }
  });

  /** Tries them one by one, after the failures of the race have expired. */
  async function statusesLater(race: Race, email: string, codes: readonly string[]): Promise<number[]> {
    race.clock.at += 31 * 24 * 60 * 60;
    const statuses = [];
    for (const code of codes) {
      const [token] = await race.pendingTokens(email, 1);
      statuses.push((await race.api('POST', '/api/v1/sign-in/recovery-code', { code }, token)).status);
    }
    return statuses;
  }
});

describe('a change of second factors, racing others', () => {
  test('new recovery codes asked for fifty times at once are drawn ten times an hour, and leave one set of ten', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const old = await race.recoveryCodes(racer.id);
      await race.env.db.transaction((tx) =>
        tx.updateTable('recovery_code_sets').set({ sealed_copy: null, copy_expires_at: null }).execute(),
      );
      const browser = await race.signedIn(racer);
      const answers = await race.send(times(50, await formOf(browser, '/security/recovery-codes')));
      // Requests that arrive after the change are redirected to the new set.
      assert.ok(answers.every(({ status }) => status === 303 || status === 429));
      const drawn = (await race.eventsOf(racer.id, 'recovery_codes.created')).length;
      assert.ok(drawn >= 2 && drawn <= 10, `${drawn} sets, the one of the beginning among them`);
      const { text } = await browser.get('/enroll/recovery-codes');
      const shown = [...new Set(text.match(/[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}/g))];
      assert.equal(shown.length, 10);
      const rows = await race.env.db.read
        .selectFrom('recovery_codes')
        .select('id')
        .where('user_id', '=', racer.id)
        .execute();
      assert.equal(rows.length, 10);
      const [token] = await race.pendingTokens(racer.email, 1);
      const use = (code = '') => race.api('POST', '/api/v1/sign-in/recovery-code', { code }, token);
      assert.equal((await use(old[0])).status, 422);
      assert.equal((await use(shown[0])).status, 200);
    }
  });

  test('a sign-in at the moment of a turn-off leaves no session behind', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      const code = race.totp(racer.secret);
      const off = await formOf(browser, '/security/authenticator/turn-off', {}, '/security/authenticator');
      await raceAgainst(race, racer, off, '/sign-in/one-time-code', [code]);
      await assertAlone(race, racer.id, browser);
      const { read } = race.env.db;
      assert.deepEqual(
        await read.selectFrom('authenticators').select('id').where('user_id', '=', racer.id).execute(),
        [],
      );
      assert.deepEqual(
        await read.selectFrom('recovery_codes').select('id').where('user_id', '=', racer.id).execute(),
        [],
      );
    }
  });

  test('a recovery code at the moment of new ones leaves no session behind, and every old one is dead', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const codes = await race.recoveryCodes(racer.id);
      await race.env.db.transaction((tx) =>
        tx.updateTable('recovery_code_sets').set({ sealed_copy: null, copy_expires_at: null }).execute(),
      );
      const browser = await race.signedIn(racer);
      const fresh = await formOf(browser, '/security/recovery-codes');
      await raceAgainst(race, racer, fresh, '/sign-in/recovery-code', codes);
      await assertAlone(race, racer.id, browser);
      race.clock.at += 31 * 24 * 60 * 60;
      const [token] = await race.pendingTokens(racer.email, 1);
      for (const code of codes.slice(6)) {
        assert.equal((await race.api('POST', '/api/v1/sign-in/recovery-code', { code }, token)).status, 422);
      }
    }
  });

  test('a sign-in at the moment of a changed password leaves no session behind', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      const fields = { current: PASSWORD, new: `thimble quartz meadow ${round}` };
      const change = await formOf(browser, '/security/password', fields);
      await raceAgainst(race, racer, change, '/sign-in/one-time-code', [race.totp(racer.secret)]);
      await assertAlone(race, racer.id, browser);
      const [alive] = await race.env.db.read
        .selectFrom('pending_sign_ins')
        .select((count) => count.fn.countAll().as('rows'))
        .where('user_id', '=', racer.id)
        .where('completed_at', 'is', null)
        .execute();
      assert.equal(Number(alive?.rows), 0);
    }
  });

  test('fifty confirmations at once draw recovery codes once', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const user = await race.newUser();
      const [token] = await race.pendingTokens(user.email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const confirm = call('/sign-in/enrollment/confirm', { code: race.totp(String(body.secret)) }, token);
      const before = race.codesDrawn();
      assert.equal(sessionsOpened(await race.send(times(50, confirm))), 1);
      assert.equal(race.codesDrawn() - before, 1);
    }
  });

  test('“Not now” and the confirmation at the same moment end in one of the two', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const user = await race.newUser();
      const [token] = await race.pendingTokens(user.email, 1);
      const { body } = await race.api('POST', '/api/v1/sign-in/enrollment', {}, token);
      const confirm = call('/sign-in/enrollment/confirm', { code: race.totp(String(body.secret)) }, token);
      const answers = await race.send(times(20, confirm, call('/sign-in/enrollment/skip', {}, token)));
      assert.equal(sessionsOpened(answers), 1);
      assert.equal((await race.sessionsOf(user.id)).length, 1);
    }
  });

  /** Ten almost finished sign-ins, with the change between them. */
  async function raceAgainst(
    race: Race,
    { email }: { email: string },
    change: WireRequest,
    path: string,
    codes: readonly string[],
  ): Promise<void> {
    const tokens = await race.pendingTokens(email, 10);
    const calls = tokens.map((token, index) => call(path, { code: codes[index % codes.length] }, token));
    const answers = await race.send([...calls.slice(0, 5), change, ...calls.slice(5), ...calls]);
    assert.equal(answers[5]?.status, 303);
    assert.ok(answers.every(({ status }) => status < 500));
  }

  /** Only the session that made the change is left, and it still works. */
  async function assertAlone(race: Race, userId: string, browser: Person): Promise<void> {
    assert.equal((await race.sessionsOf(userId)).length, 1);
    assert.notEqual((await browser.get('/security')).location, '/sign-in?return_to=%2Fsecurity');
  }
});
