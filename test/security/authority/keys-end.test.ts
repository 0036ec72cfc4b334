import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { disableUser, enableUser } from '#flows/administration/person-acts.ts';
import { createResetRequest } from '#store/people/reset-requests.ts';
import { enterStaff, ROBIN, read } from '../../stories/console/console-story.ts';
import { callWithKey, makeKey } from '../../stories/management-api/management-story.ts';
import { openWorld, type World } from '../../world.ts';

const CASEY = 'casey@portal.example';

/** Two administrators. One has made two keys on her page; an older key is from the command line. */
async function openKeys(t: TestContext) {
  const world = await openWorld(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const { id: caseyId } = await world.addUser({ email: CASEY, role: 'admin', name: 'Casey Berg' });
  const ofCasey = [await makeKey(world, ['users:read']), await makeKey(world, ['users:read'])] as const;
  const ofServer = await makeKey(world, ['users:read']);
  await world.env.db.transaction(async (tx) => {
    for (const [index, { id }] of ofCasey.entries()) {
      const values = { created_by: caseyId, name: ['CRM', 'ERP'][index] ?? '' };
      await tx.updateTable('api_keys').set(values).where('id', '=', id).execute();
    }
  });
  const ask = async (key: string) => (await callWithKey(world, { method: 'GET', path: '/users', key })).status;
  const works = async () => [await ask(ofCasey[0].key), await ask(ofCasey[1].key), await ask(ofServer.key)];
  assert.deepEqual(await works(), [200, 200, 200]);
  return { world, robin, caseyId, casey: `/console/staff/${caseyId}`, ofCasey, works };
}

async function endsOf(world: World) {
  const events = (await world.events()).filter(({ action }) => action === 'api_key.revoked');
  return events.map(({ actor, detail }) => [actor, detail.apiKeyId, detail.reason]);
}

describe('the keys of an administrator', () => {
  it('end when they are disabled, as the page says before, and stay ended', async (t) => {
    const { world, robin, caseyId, casey, ofCasey, works } = await openKeys(t);
    assert.match(await read(robin, '/console/api-keys'), /CRM Created by Casey Berg/);
    assert.match(await read(robin, `${casey}/disable`), /2 API keys end permanently, .* stop working: CRM, ERP\./);
    assert.equal((await robin.post(`${casey}/disable`, { reason: 'left' })).status, 303);
    assert.deepEqual(await works(), [401, 401, 200]);
    const { id: robinId } = await world.env.db.read
      .selectFrom('users')
      .select('id')
      .where('email', '=', ROBIN)
      .executeTakeFirstOrThrow();
    const ended = ofCasey.map(({ id }) => [robinId, id, 'maker_disabled']);
    assert.deepEqual((await endsOf(world)).toSorted(), ended.toSorted());
    assert.match(await read(robin, '/console/api-keys'), /Ended .*? The person who created it was disabled/);
    assert.equal((await robin.post(`${casey}/enable`, { reason: 'is back' })).status, 303);
    assert.deepEqual(await works(), [401, 401, 200]);
    assert.doesNotMatch(await read(robin, `${casey}/disable`), /for good/);
    assert.ok(!isRefusal(await disableUser(world.env, { id: caseyId, actor: 'command_line', reason: 'left' })));
    assert.equal((await endsOf(world)).length, 2, 'once');
  });

  it('end when they become a customer success manager', async (t) => {
    const { world, robin, casey, works } = await openKeys(t);
    assert.match(await read(robin, `${casey}/role`), /2 API keys end permanently/);
    assert.equal((await robin.post(`${casey}/role`)).status, 303);
    assert.deepEqual(await works(), [401, 401, 200]);
    assert.match(await read(robin, '/console/api-keys'), /The person who created it is no longer an administrator/);
    assert.equal((await robin.post(`${casey}/role`)).status, 303);
    assert.deepEqual(await works(), [401, 401, 200], 'and stay ended');
    assert.equal((await endsOf(world)).length, 2);
  });

  it('end when they are deleted', async (t) => {
    const { world, robin, caseyId, works } = await openKeys(t);
    const deleted = await deleteUser(world.env, { id: caseyId, actor: 'command_line', reason: 'left' });
    assert.ok(!isRefusal(deleted));
    assert.deepEqual(deleted.apiKeys.map(({ name }) => name).toSorted(), ['CRM', 'ERP']);
    assert.deepEqual(await works(), [401, 401, 200]);
    assert.match(await read(robin, '/console/api-keys'), /The person who created it was deleted/);
  });

  it('open nothing where their maker may make none, whatever ended that', async (t) => {
    const { world, caseyId, works } = await openKeys(t);
    const set = (values: object) =>
      world.env.db.transaction((tx) => tx.updateTable('users').set(values).where('id', '=', caseyId).execute());
    await set({ role: 'csm' });
    assert.deepEqual(await works(), [401, 401, 200]);
    await set({ role: 'admin', disabled_at: world.clock.at });
    assert.deepEqual(await works(), [401, 401, 200]);
  });
});

describe('somebody of the staff who is gone', () => {
  it('leaves no invitation to the staff and no reset that waits', async (t) => {
    const world = await openWorld(t, { environment: { SALLYPORT_RESET_SECOND_APPROVER: 'on' } });
    const robin = await enterStaff(world, 'admin', ROBIN);
    const casey = await enterStaff(world, 'admin', CASEY);
    const invited = await casey.post('/console/staff/new', { email: 'pal@portal.example', name: 'Pal', role: 'admin' });
    assert.equal(invited.status, 303);
    const partner = await world.addPartner();
    const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
    const typed = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };
    assert.equal((await casey.post(`/console/people/${ana.id}/reset-mfa`, typed)).status, 303);
    const [mail] = (await world.mail()).filter(({ kind }) => kind === 'invitation');
    const link = new URL(String(Object(mail?.parameters).link)).pathname;
    assert.equal((await world.person().get(link)).status, 200);
    const { id } = await world.env.db.read
      .selectFrom('users')
      .select('id')
      .where('email', '=', CASEY)
      .executeTakeFirstOrThrow();
    const page = await read(robin, `/console/staff/${id}/disable`);
    assert.match(page, /1 staff invitation .* ends: pal@portal\.example\./);
    assert.match(page, /1 MFA reset that they requested is canceled\./);
    assert.equal((await robin.post(`/console/staff/${id}/disable`, { reason: 'left' })).status, 303);
    assert.equal((await world.person().get(link)).status, 404);
    assert.match(await read(robin, '/console/resets'), /No resets are waiting/);
    const actions = (await world.events()).map(({ action, subject }) => [action, subject]);
    assert.ok(actions.some(([action, subject]) => action === 'reset.declined' && subject === ana.id));
    assert.ok(actions.some(([action, subject]) => action === 'invitation.withdrawn' && subject === id));
    await enableUser(world.env, { id, actor: 'command_line', reason: 'is back' });
    assert.equal((await world.person().get(link)).status, 404);
  });

  it('leaves no reset that waits for their key', async (t) => {
    const { world, caseyId, ofCasey } = await openKeys(t);
    const partner = await world.addPartner();
    const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
    const request = {
      ...{ id: world.env.newId(), user_id: ana.id, requested_by: `api_key:${ofCasey[0].id}`, code_minutes: 60 },
      ...{ requested_at: world.clock.at, reason: 'lost phone', checked_by: 'callback', check_note: 'office' },
    };
    await world.env.db.transaction((tx) => createResetRequest(tx, request, 0));
    await disableUser(world.env, { id: caseyId, actor: 'command_line', reason: 'left' });
    assert.deepEqual(await world.env.db.read.selectFrom('reset_requests').selectAll().execute(), []);
  });
});
