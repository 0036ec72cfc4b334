import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import { isRefusal } from '#core/values/result.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { enterStaff, openConsole, ROBIN, read } from '../../stories/console/console-story.ts';
import { callWithKey } from '../../stories/management-api/management-story.ts';
import type { Person, World } from '../../world.ts';

const DAY = 24 * 60 * 60;
const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };
const SECOND = { SALLYPORT_RESET_SECOND_APPROVER: 'on' };

async function idOf(world: World, email: string): Promise<string> {
  const row = await world.env.db.read.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst();
  return row?.id ?? '';
}

/** Two people must approve: Chris and Robin are signed in, and Ana has an authenticator. */
async function openForTwo(t: TestContext) {
  const opened = await openConsole(t, SECOND);
  const { world, ana } = opened;
  await world.addAuthenticator(ana.id);
  const robin = await enterStaff(world, 'admin', ROBIN);
  return { ...opened, robin };
}

async function keyOf(world: World, email: string) {
  const asked = { name: 'CRM', scopes: SCOPES, expiresAt: undefined };
  const made = await addApiKey(world.env, 'command_line', asked);
  assert.ok(!isRefusal(made));
  const ownedBy = { created_by: await idOf(world, email) };
  await world.env.db.transaction((tx) => tx.updateTable('api_keys').set(ownedBy).execute());
  return made;
}

/** The request of this person's program. */
async function askWithKey(world: World, email: string, userId: string) {
  const made = await keyOf(world, email);
  const body = { reason: 'lost', checkedBy: 'video', checkNote: 'badge' };
  return callWithKey(world, { method: 'POST', path: `/users/${userId}/reset-mfa`, body, key: made.key });
}

async function waiting(world: World): Promise<string> {
  const row = await world.env.db.read.selectFrom('reset_requests').select('id').executeTakeFirst();
  return `/console/resets/${row?.id}/approve`;
}

async function approves(browser: Person, path: string): Promise<boolean> {
  const { status, location = '' } = await browser.post(path);
  assert.ok(status === 404 || status === 303, String(status));
  return status === 303 && /MFA was reset/.test((await browser.get(location)).text);
}

/** An account that this member of staff created in the console, and its signed-in person. */
async function enterInvited(world: World, admin: Person, email: string): Promise<Person> {
  assert.equal((await admin.post('/console/staff/new', { email, name: 'Kim Park', role: 'csm' })).status, 303);
  const browser = world.person();
  const link = (await world.mail()).find(({ kind, to }) => kind === 'invitation' && to === email)?.link ?? '';
  const password = 'quiet harbor seven lamps';
  const { pathname } = new URL(link);
  assert.equal((await browser.post(pathname, { name: 'Kim Park', password })).location, '/enroll');
  await browser.enroll(world.clock.at);
  world.clock.at += 30;
  return browser;
}

test('an administrator does not approve what a key of their own has asked for, and another person does', async (t) => {
  const { world, csm, ana, robin } = await openForTwo(t);
  const asked = await askWithKey(world, ROBIN, ana.id);
  assert.deepEqual([asked.status, asked.body.state], [200, 'waiting']);
  const list = await read(robin, '/console/resets');
  assert.match(list, /Robin Weber with the key CRM/);
  assert.match(list, /Withdraw/);
  assert.doesNotMatch((await robin.get('/console/resets')).text, /\/approve"/);
  const path = await waiting(world);
  assert.equal((await robin.get(path)).status, 404);
  assert.equal(await approves(robin, path), false);
  assert.equal(await approves(csm, path), true);
});

test('a key of their own does not make the second one of a person who asked in the console', async (t) => {
  const { world, ana, anaPath, csm, robin } = await openForTwo(t);
  assert.equal((await robin.post(`${anaPath}/reset-mfa`, WHY)).status, 303);
  const again = await askWithKey(world, ROBIN, ana.id);
  assert.deepEqual([again.status, again.body.reason], [403, 'waits']);
  assert.equal(await approves(robin, await waiting(world)), false);
  assert.equal(await approves(csm, await waiting(world)), true);
});

test('an account that one of the two has made does not approve for 30 days, nor its maker for it', async (t) => {
  const { world, anaPath, robin, csm } = await openForTwo(t);
  const kim = await enterInvited(world, robin, 'kim@portal.example');
  assert.equal((await robin.post(`${anaPath}/reset-mfa`, WHY)).status, 303);
  assert.match(
    await read(kim, '/console/resets'),
    /Another person must approve: one of you created the other’s account/,
  );
  assert.equal(await approves(kim, await waiting(world)), false);
  await robin.get('/console/resets');
  await robin.post((await waiting(world)).replace('approve', 'decline'));
  assert.equal((await kim.post(`${anaPath}/reset-mfa`, WHY)).status, 303);
  assert.equal(await approves(robin, await waiting(world)), false);
  assert.equal(await approves(csm, await waiting(world)), true);
});

test('a reset waits for 24 hours, and not a second longer', async (t) => {
  const { world, anaPath, csm, robin, ana } = await openForTwo(t);
  assert.equal((await csm.post(`${anaPath}/reset-mfa`, WHY)).status, 303);
  const path = await waiting(world);
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('reset_requests')
      .set({ requested_at: world.clock.at - DAY })
      .execute(),
  );
  assert.doesNotMatch(await read(robin, '/console/resets'), /Ana Silva/);
  assert.doesNotMatch(await read(csm, anaPath), /is waiting for a second/);
  assert.equal(await approves(robin, path), false);
  assert.equal((await robin.post(path.replace('approve', 'decline'))).status, 404);
  assert.equal(
    (await world.env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', ana.id).execute()).length,
    1,
  );
  // A new request replaces it, and the old page must not approve it.
  assert.equal((await csm.post(`${anaPath}/reset-mfa`, WHY)).status, 303);
  assert.notEqual(await waiting(world), path);
  assert.equal(await approves(robin, path), false);
  assert.equal(await approves(robin, await waiting(world)), true);
});

test('what waited too long is cleared away', async (t) => {
  const { world, anaPath, csm } = await openForTwo(t);
  await csm.post(`${anaPath}/reset-mfa`, WHY);
  world.clock.at += DAY - 1;
  await tidy(world.env);
  assert.equal((await world.env.db.read.selectFrom('reset_requests').select('id').execute()).length, 1);
  world.clock.at += 1;
  await tidy(world.env);
  assert.equal((await world.env.db.read.selectFrom('reset_requests').select('id').execute()).length, 0);
});

test('one of the two alone gets no other access code, in the console and over the API', async (t) => {
  const { world, ana, anaPath, csm, robin } = await openForTwo(t);
  await csm.post(`${anaPath}/reset-mfa`, WHY);
  assert.equal(await approves(robin, await waiting(world)), true);
  const code = await world.env.db.read.selectFrom('access_codes').selectAll().executeTakeFirst();
  assert.doesNotMatch((await csm.get(anaPath)).text, /\/access-code"/);
  assert.equal((await csm.get(`${anaPath}/access-code`)).location, `${anaPath}/reset-mfa`);
  const made = await keyOf(world, ROBIN);
  const path = `/users/${ana.id}/access-code`;
  const renewed = await callWithKey(world, { method: 'POST', path, body: {}, key: made.key });
  assert.deepEqual([renewed.status, renewed.body.reason], [403, 'second_needed']);
  assert.deepEqual(await world.env.db.read.selectFrom('access_codes').selectAll().executeTakeFirst(), code);
});
