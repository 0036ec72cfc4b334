import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AuthorityLost } from '#core/people/authority.ts';
import { tokenHash } from '#core/values/token.ts';
import { remindColleague, removeColleague, switchRole } from '#features/team/acts.ts';
import { inviteAgain, inviteColleague } from '#features/team/invite.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { enableUser } from '#flows/administration/person-acts.ts';
import { findSession } from '#store/sessions/sessions.ts';
import { openTeam, rowsOfPerson } from '../stories/team/team-story.ts';

const CLIENT = { requestId: 'a', address: '192.0.2.7', userAgent: undefined, deviceToken: undefined };

/** A manager whose session was read before something happened to them. */
async function openHeld(t: TestContext) {
  const team = await openTeam(t);
  const { world, mia } = team;
  const token = mia.cookies.get('__Host-sallyport-session') ?? '';
  const session = await findSession(world.env.db.read, tokenHash(token), 'page');
  assert.ok(session?.partner);
  const granted = { ...session, partner: session.partner, grantedAs: 'managerSteppedUp' } as const;
  return { ...team, held: { session: granted, client: CLIENT } };
}

test('a person who is no manager any more when the act begins changes nothing: demoted, removed, or moved meanwhile', async (t) => {
  const { world, ana, manager, elsewhere, held } = await openHeld(t);
  const { env } = world;
  const before = [await rowsOfPerson(world, ana.id), (await world.mail()).length, (await world.events()).length];
  const changes = [
    [{ role: 'member' as const }, 'forbidden'],
    [{ disabled_at: world.clock.at }, 'sign_in_expired'],
    [{ partner_id: elsewhere.id }, 'forbidden'],
  ] as const;
  for (const [change, refused] of changes) {
    const set = (values: object) =>
      env.db.transaction((tx) => tx.updateTable('users').set(values).where('id', '=', manager.id).execute());
    await set(change);
    const acts = [
      () => switchRole(env, held, ana.id),
      () => remindColleague(env, held, ana.id),
      () => inviteAgain(env, held, ana.id),
      () => removeColleague(env, held, ana.id),
      () => inviteColleague(env, held, { email: 'bo@acme.example', name: 'Bo', role: 'member' }),
    ];
    for (const act of acts) {
      await assert.rejects(act, (error: unknown) => {
        assert.ok(error instanceof AuthorityLost);
        assert.equal(error.refusal.refused, refused, JSON.stringify(change));
        return true;
      });
    }
    await set({ role: 'manager', disabled_at: null, partner_id: held.session.partner.id });
  }
  const after = [await rowsOfPerson(world, ana.id), (await world.mail()).length, (await world.events()).length];
  assert.deepEqual(after, before);
  assert.equal(await removeColleague(env, held, ana.id), 'disabled', 'and does it as long as they are one');
});

test('a manager does nothing to themselves, and nothing to anybody of another partner', async (t) => {
  const { world, manager, nora, held } = await openHeld(t);
  const before = [await rowsOfPerson(world, manager.id), await rowsOfPerson(world, nora.id)];
  for (const act of [switchRole, remindColleague, inviteAgain, removeColleague]) {
    assert.deepEqual(await act(world.env, held, manager.id), { refused: 'forbidden', reason: 'own' });
    assert.deepEqual(await act(world.env, held, nora.id), { refused: 'not_found', reason: 'user' });
  }
  assert.deepEqual([await rowsOfPerson(world, manager.id), await rowsOfPerson(world, nora.id)], before);
});

test('who was removed has no session and no link left, and gets none back when support lets them in again', async (t) => {
  const { world, ana, held } = await openHeld(t);
  const { env } = world;
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.get('/enroll');
  await browser.post('/enroll/skip');
  assert.equal((await browser.get('/')).status, 200);
  const link = await env.db.transaction((tx) => makeLink(env, tx, { purpose: 'reset', userId: ana.id }));
  assert.equal(await removeColleague(env, held, ana.id), 'disabled');
  assert.deepEqual(await switchRole(env, held, ana.id), { refused: 'forbidden', reason: 'user_disabled' });
  await enableUser(env, { id: ana.id, actor: 'system', reason: 'is back' });
  assert.equal((await browser.get('/')).status, 303);
  assert.equal((await world.person().get(new URL(link.url).pathname)).status, 404);
});

test('a person with MFA, or without a password yet, is not reminded', async (t) => {
  const { world, ana, partner, held } = await openHeld(t);
  await world.addAuthenticator(ana.id);
  assert.deepEqual(await remindColleague(world.env, held, ana.id), { refused: 'forbidden', reason: 'enrolled' });
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, password: undefined });
  assert.deepEqual(await remindColleague(world.env, held, bo.id), { refused: 'forbidden', reason: 'invited' });
  const reminded = (await world.mail()).filter(({ kind }) => kind === 'set_up_asked');
  assert.deepEqual(reminded, []);
});
