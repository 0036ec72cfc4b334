import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeSetting } from '#flows/instance/change.ts';
import { sendUnoffered } from '../../../story.ts';
import { callWithKey, makeKey } from '../../management-api/management-story.ts';
import { enterStaff, lastEvents, openConsole, ROBIN, read } from '../console-story.ts';
import { change, lineOf, openSettings, SETTINGS, WHY } from './settings-story.ts';

const RESET = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number' };

/** A service where Ana has an app, a customer success manager is at work, and this rule was set. */
async function openWithRule(t: Parameters<typeof openConsole>[0], name: string, value: string) {
  const opened = await openConsole(t);
  await opened.world.addAuthenticator(opened.ana.id);
  const robin = await enterStaff(opened.world, 'admin', ROBIN);
  assert.equal((await change(robin, name, { value, ...WHY })).status, 303);
  return { ...opened, robin };
}

test('a rule is changed with a reason, which the audit log keeps', async (t) => {
  const { world, robin } = await openSettings(t);
  const without = await change(robin, 'reset-second-approver', { value: 'on' });
  assert.equal(without.status, 400);
  assert.match(without.text, /Enter a reason/);
  assert.equal((await change(robin, 'reset-second-approver', { value: 'on', ...WHY })).status, 303);
  assert.match(await lineOf(robin, 'Second approval'), /A second member of staff must approve Set here by Robin Weber/);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual(event?.detail, { setting: 'reset-second-approver', to: 'on', ...WHY });
  const { text } = await change(robin, 'reset-second-approver', { value: 'perhaps', reason: '' });
  assert.match(text, /Choose one of the options/);
  assert.match(text, /Enter a reason/, 'all faults at once');
});

test('with a second approval, the next reset waits, and the console has the list of waiting ones', async (t) => {
  const { csm, anaPath } = await openWithRule(t, 'reset-second-approver', 'on');
  const asked = await csm.submit(`${anaPath}/reset-mfa`, { ...RESET, minutes: '60' });
  assert.match(asked.text, /Another member of staff must approve it/);
  assert.match(await read(csm, '/console/resets'), /Ana Silva/);
});

test('a rule that was set elsewhere a moment ago holds for the reset that comes now', async (t) => {
  const { world, csm, anaPath, ana } = await openConsole(t);
  await world.addAuthenticator(ana.id);
  await csm.get(`${anaPath}/reset-mfa`);
  // Past the snapshot of this process: straight into the database, as another node does.
  await world.env.db.transaction((tx) =>
    tx
      .insertInto('instance_settings')
      .values({ name: 'reset-second-approver', value: 'on', version: 1, changed_at: 1, changed_by: 'command_line' })
      .execute(),
  );
  const asked = await csm.post(`${anaPath}/reset-mfa`, { ...RESET, minutes: '60' });
  assert.match(asked.location ?? '', /done=requested/);
});

test('where only administrators reset, others are not offered it, are refused it, and read who may', async (t) => {
  const { world, csm, anaPath, robin } = await openWithRule(t, 'resets-by', 'administrators');
  const page = await csm.get(anaPath);
  assert.doesNotMatch(page.text, /reset-mfa/);
  assert.match(page.text, /Only administrators can reset MFA/);
  assert.equal((await csm.get(`${anaPath}/reset-mfa`)).location, anaPath);
  const sent = await sendUnoffered(csm, anaPath, `${anaPath}/reset-mfa`, { ...RESET, minutes: '60' });
  assert.equal(sent.status, 403);
  assert.match(sent.text, /Only administrators can reset MFA/);
  assert.equal(
    (await world.events()).some(({ action }) => action === 'user.mfa_reset'),
    false,
  );
  const { key } = await makeKey(world);
  const ofKey = { reason: RESET.reason, checkedBy: 'callback', checkNote: 'office number' };
  const id = anaPath.split('/').at(-1);
  const byKey = await callWithKey(world, { method: 'POST', path: `/users/${id}/reset-mfa`, key, body: ofKey });
  assert.equal(byKey.status, 200, 'a key may what its scope says');
  assert.match((await robin.get(anaPath)).text, /reset-mfa|access-code/);
});

test('nobody makes an access code that is valid for longer than the rule says', async (t) => {
  const { world, csm, anaPath, ana } = await openWithRule(t, 'access-code-minutes', '30');
  const { text } = await csm.get(`${anaPath}/reset-mfa`);
  assert.match(text, /value="30" selected/);
  assert.doesNotMatch(text, /value="60"/);
  const refused = await sendUnoffered(csm, `${anaPath}/disable`, `${anaPath}/reset-mfa`, { ...RESET, minutes: '60' });
  assert.equal(refused.status, 400);
  const { key } = await makeKey(world);
  const body = { reason: RESET.reason, checkedBy: 'callback', checkNote: 'office number' };
  const call = { method: 'POST', path: `/users/${ana.id}/reset-mfa`, key } as const;
  assert.equal((await callWithKey(world, { ...call, body: { ...body, codeMinutes: 31 } })).status, 400);
  assert.equal((await callWithKey(world, { ...call, body })).status, 200, 'without a number it takes the longest');
});

test('a freeze that is set here holds after the next password reset by mail', async (t) => {
  const { world } = await openSettings(t);
  const typed = { name: 'reset-freeze-hours', value: '48', ...WHY };
  assert.equal(await changeSetting(world.env, 'command_line', typed), true);
  const partner = await world.addPartner({ policy: 'optional' });
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const secret = await world.addAuthenticator(bo.id);
  const resetAt = { password_reset_at: world.clock.at };
  await world.env.db.transaction((tx) => tx.updateTable('users').set(resetAt).where('id', '=', bo.id).execute());
  const browser = world.person();
  await browser.signIn(bo.email);
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.match(await read(browser, '/security'), /can’t be changed until Jan 17/);
  assert.equal((await sendUnoffered(browser, '/security', '/security/authenticator/turn-off')).status, 403);
  await sendUnoffered(browser, '/security', '/security/recovery-codes');
  const codes = world.env.db.read.selectFrom('recovery_codes').selectAll().where('user_id', '=', bo.id);
  assert.equal((await codes.execute()).length, 0);
});

test('the environment wins over a stored rule, and the page says what has no effect', async (t) => {
  const { world, robin } = await openSettings(t, { SALLYPORT_RESET_SECOND_APPROVER: 'off' });
  await world.env.db.transaction((tx) =>
    tx
      .insertInto('instance_settings')
      .values({ name: 'reset-second-approver', value: 'on', version: 1, changed_at: 1, changed_by: 'command_line' })
      .execute(),
  );
  const line = await lineOf(robin, 'Second approval');
  assert.match(line, /One member of staff is enough Set in the environment by SALLYPORT_RESET_SECOND_APPROVER/);
  assert.match(line, /Set here earlier, has no effect now: A second/);
  assert.doesNotMatch((await robin.get(SETTINGS)).text, /href="\/console\/resets"/);
});
