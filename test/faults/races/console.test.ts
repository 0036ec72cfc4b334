import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeSetting } from '#flows/instance/change.ts';
import type { Person } from '../../world.ts';
import type { WireRequest } from './at-once.ts';
import { call, formOf, openRace, type Race, times } from './race-world.ts';

const ROUNDS = 3;
const DAY = 24 * 60 * 60;
const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };

let staff = 0;

/** A member of staff with a proof that is fresh enough for every act. */
async function enterStaff(race: Race, role: 'csm' | 'admin'): Promise<Person & { readonly id: string }> {
  staff += 1;
  race.clock.at += 60;
  const user = await race.addUser({ email: `staff${staff}@portal.example`, role });
  const secret = await race.addAuthenticator(user.id);
  return { ...(await race.signedIn({ ...user, secret })), id: user.id };
}

/** The access code that a page shows in groups; the page of a code that was replaced shows none. */
function accessCodeOn(text: string): string {
  return /<code>([0-9A-Z-]{19})<\/code>/.exec(text.replaceAll(/<\/?span>/g, ''))?.[1] ?? '';
}

describe('in the console, at once', () => {
  test('fifty resets end in one code that works, and leave nothing behind', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      await race.recoveryCodes(racer.id);
      const csm = await enterStaff(race, 'csm');
      const path = `/console/people/${racer.id}/reset-mfa`;
      const forms: WireRequest[] = [];
      // Ten pages, because the same form sent again resets once.
      for (let page = 0; page < 10; page++) forms.push(await formOf(csm, path, WHY));
      const answers = await race.send(times(50, ...forms));
      assert.ok(answers.every(({ status }) => status === 303));
      const pages = new Set(answers.map(({ location }) => location ?? ''));
      assert.equal(pages.size, 10);
      const codes: string[] = [];
      for (const page of pages) codes.push(accessCodeOn((await csm.get(page)).text));
      const [token] = await race.pendingTokens(racer.email, 1);
      const tried = [];
      for (const code of codes)
        tried.push(await race.api('POST', '/api/v1/sign-in/enrollment/access-code', { code }, token));
      assert.equal(tried.filter(({ status }) => status === 204).length, 1);
      assert.equal(
        (await race.env.db.read.selectFrom('access_codes').selectAll().where('user_id', '=', racer.id).execute())
          .length,
        1,
      );
      assert.equal(
        (await race.env.db.read.selectFrom('recovery_codes').selectAll().where('user_id', '=', racer.id).execute())
          .length,
        0,
      );
    }
  });

  test('a temporary access code sent fifty times over ten sign-ins opens one of them', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const csm = await enterStaff(race, 'csm');
      const shown = await csm.submit(`/console/people/${racer.id}/reset-mfa`, WHY);
      const code = accessCodeOn(shown.text);
      const tokens = await race.pendingTokens(racer.email, 10);
      const answers = await race.send(
        times(50, ...tokens.map((token) => call('/sign-in/enrollment/access-code', { code }, token))),
      );
      assert.equal(answers.filter(({ status }) => status === 204).length, 1);
      assert.ok(answers.every(({ status }) => status === 204 || status === 422));
      assert.equal((await race.eventsOf(racer.id, 'access_code.accepted')).length, 1);
      const starts = await race.send(tokens.map((token) => call('/sign-in/enrollment', {}, token)));
      assert.equal(starts.filter(({ text }) => text.includes('otpauthUri')).length, 1, 'one secret was shown');
    }
  });

  test('wrong access codes sent at once count ten tries and no more', async (t) => {
    const race = await openRace(t);
    const racer = await race.newRacer();
    const csm = await enterStaff(race, 'csm');
    await csm.post(`/console/people/${racer.id}/reset-mfa`, WHY);
    const [token] = await race.pendingTokens(racer.email, 1);
    const wrong = call('/sign-in/enrollment/access-code', { code: '0000-0000-0000-0000' }, token);
    const answers = await race.send(times(50, wrong));
    assert.equal(answers.filter(({ text }) => text.includes('"access_code_incorrect"')).length, 10);
    assert.equal(answers.filter(({ text }) => text.includes('"access_code_expired"')).length, 40);
  });

  test('two approvals of one reset have one outcome', async (t) => {
    const race = await openRace(t);
    // In the database, where both nodes find it.
    const rule = { name: 'reset-second-approver', value: 'on', reason: 'race' };
    assert.equal(await changeSetting(race.env, 'command_line', rule), true);
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const [asks, one, other] = [
        await enterStaff(race, 'csm'),
        await enterStaff(race, 'csm'),
        await enterStaff(race, 'admin'),
      ];
      await asks.get(`/console/people/${racer.id}/reset-mfa`);
      const [late] = [await formOf(asks, `/console/people/${racer.id}/reset-mfa`, WHY)];
      assert.equal((await race.send([late]))[0]?.status, 303);
      const [request] = await race.env.db.read.selectFrom('reset_requests').selectAll().execute();
      const path = `/console/resets/${request?.id}/approve`;
      const answers = await race.send(times(50, await formOf(one, path), await formOf(other, path)));
      // Each form of the winner leads to the same page, and none of the loser's does.
      assert.equal(answers.filter(({ status }) => status === 303).length, 25);
      assert.equal(answers.filter(({ status }) => status === 404).length, 25);
      assert.equal(new Set(answers.map(({ location }) => location)).size, 2);
      assert.equal((await race.eventsOf(racer.id, 'user.mfa_reset')).length, 1);
      assert.equal((await race.eventsOf(racer.id, 'access_code.created')).length, 1);
    }
  });

  test('a reset while the person signs in leaves no session that the old authenticator opened', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      const racer = await race.newRacer();
      const csm = await enterStaff(race, 'csm');
      const tokens = await race.pendingTokens(racer.email, 10);
      const calls = tokens.map((token) => call('/sign-in/one-time-code', { code: race.totp(racer.secret) }, token));
      const reset = await formOf(csm, `/console/people/${racer.id}/reset-mfa`, WHY);
      await race.send([...calls.slice(0, 5), reset, ...calls.slice(5), ...calls]);
      assert.equal((await race.sessionsOf(racer.id)).length, 0);
    }
  });

  test('administrators who demote each other and themselves leave one', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      await race.env.db.transaction((tx) =>
        tx.updateTable('users').set({ role: 'csm' }).where('role', '=', 'admin').execute(),
      );
      const admins = [
        await enterStaff(race, 'admin'),
        await enterStaff(race, 'admin'),
        await enterStaff(race, 'admin'),
      ];
      const forms: WireRequest[] = [];
      for (const admin of admins) {
        for (const { id } of admins) {
          forms.push(await formOf(admin, `/console/staff/${id}/role`));
          forms.push(await formOf(admin, `/console/staff/${id}/disable`, { reason: 'race' }));
        }
      }
      const answers = await race.send(times(54, ...forms));
      assert.ok(answers.every(({ status }) => status < 500));
      const left = await race.env.db.read
        .selectFrom('users')
        .select('id')
        .where('role', '=', 'admin')
        .where('disabled_at', 'is', null)
        .execute();
      assert.equal(left.length, 1);
    }
  });

  test('an exemption that ends while MFA becomes required leaves no session of the password alone', async (t) => {
    const race = await openRace(t);
    for (let round = 0; round < ROUNDS; round++) {
      const user = await race.newUser();
      const csm = await enterStaff(race, 'csm');
      const [path, partner] = [`/console/people/${user.id}`, `/console/partners/${race.partner.id}`];
      const until = new Date((race.clock.at + 9 * DAY) * 1000).toISOString().slice(0, 10);
      await csm.post(`${path}/exempt`, { reason: 'race', until });
      const sessions = [race.person(), race.person()];
      for (const browser of sessions) await browser.signIn(user.email);
      const end = await formOf(csm, `${path}/unexempt`, { reason: 'race' });
      const policy = await formOf(
        csm,
        `${partner}/policy`,
        { policy: 'now', from: '' },
        `${partner}/policy?policy=now`,
      );
      const answers = await race.send([policy, end]);
      assert.ok(answers.every(({ status }) => status === 303));
      assert.equal((await race.sessionsOf(user.id)).length, 0);
      await race.env.db.transaction((tx) => tx.updateTable('partners').set({ mfa_policy: 'optional' }).execute());
    }
  });
});
