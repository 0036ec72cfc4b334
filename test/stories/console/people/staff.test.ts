import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOn, plain, refusalOn, secretOn, sendUnoffered } from '../../../story.ts';
import type { World } from '../../../world.ts';
import { CHRIS, enterStaff, openConsole, ROBIN, read } from '../console-story.ts';

const WHY = { reason: 'lost phone', checked_by: 'video', check_note: 'saw the badge', minutes: '60' };

/** A customer success manager at work, and an administrator who can help. */
async function openStaff(t: Parameters<typeof openConsole>[0], environment: Readonly<Record<string, string>> = {}) {
  const { world, csm, ana } = await openConsole(t, environment);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const pathOf = async (email: string) => {
    const { read: queries } = world.env.db;
    const row = await queries.selectFrom('users').select('id').where('email', '=', email).executeTakeFirstOrThrow();
    return { id: row.id, path: `/console/staff/${row.id}` };
  };
  return { world, csm, ana, robin, chris: await pathOf(CHRIS), own: await pathOf(ROBIN) };
}

/** The number of rows of each kind that a person still has. */
async function rowsLeft({ env }: World, userId: string) {
  const tables = ['authenticators', 'recovery_codes', 'sessions', 'devices', 'pending_sign_ins'] as const;
  const counts = tables.map(async (table) => {
    const rows = await env.db.read.selectFrom(table).selectAll().where('user_id', '=', userId).execute();
    // Finished sign-ins stay until housekeeping deletes them. They open nothing.
    return rows.filter((row) => !('completed_at' in row) || row.completed_at === null).length;
  });
  return Promise.all(counts);
}

test('a member of staff who lost the phone: all ends, a mail tells, and the set-up asks for the code as well', async (t) => {
  const { world, csm, robin, chris } = await openStaff(t, { SALLYPORT_RESET_SECOND_APPROVER: 'on' });
  await world.person().signIn(CHRIS);
  assert.deepEqual(await rowsLeft(world, chris.id), [1, 0, 1, 1, 1]);
  const done = await robin.submit(`${chris.path}/reset-mfa`, WHY);
  assert.equal(done.status, 200, 'nobody has to agree');
  const [code = ''] = codesOn(done.text);
  assert.deepEqual(await rowsLeft(world, chris.id), [0, 0, 0, 0, 0]);
  assert.equal((await csm.get('/console/partners')).status, 303);
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to, mail?.parameters], ['mfa_reset', CHRIS, { withCode: true }]);
  const event = (await world.events()).find(({ action }) => action === 'user.mfa_reset');
  assert.equal(event?.subject, chris.id);
  const { reason, checkedBy, checkNote } = event?.detail ?? {};
  assert.deepEqual([reason, checkedBy, checkNote], ['lost phone', 'video', 'saw the badge']);
  assert.match(
    await read(robin, chris.path),
    /Not set up Temporary access code Required at the next set-up, valid until/,
  );
  assert(!(await robin.get(chris.path)).text.includes(code), 'the code is shown once');

  const browser = world.person();
  await browser.signIn(CHRIS);
  await browser.get('/enroll');
  assert.equal((await browser.post('/enroll')).location, '/enroll/access-code');
  assert.equal((await browser.post('/enroll/access-code', { code: '0000-0000-0000-0000' })).status, 422);
  await browser.post('/enroll/access-code', { code });
  const secret = secretOn((await browser.get('/enroll/authenticator')).text);
  assert.equal((await browser.post('/enroll/authenticator', { code: world.totp(secret) })).status, 303);
  await browser.post('/enroll/recovery-codes', { saved: 'yes' });
  assert.equal((await browser.get('/console/partners')).status, 200);
});

test('another code for a member of staff takes the place of the first', async (t) => {
  const { world, robin, chris } = await openStaff(t);
  assert.equal((await robin.post(`${chris.path}/access-code`)).location, chris.path, 'there is none before a reset');
  const [first = ''] = codesOn((await robin.submit(`${chris.path}/reset-mfa`, WHY)).text);
  const [second = ''] = codesOn((await robin.submit(`${chris.path}/access-code`, { minutes: '10' })).text);
  const browser = world.person();
  await browser.signIn(CHRIS);
  await browser.get('/enroll');
  await browser.post('/enroll');
  assert.equal((await browser.post('/enroll/access-code', { code: first })).status, 422);
  assert.equal((await browser.post('/enroll/access-code', { code: second })).location, '/enroll/authenticator');
});

test('nobody resets their own MFA there, and a customer success manager resets nobody’s of the staff', async (t) => {
  const { world, csm, robin, chris, own } = await openStaff(t);
  const page = await read(robin, own.path);
  assert.match(page, /This is you\. Another administrator can reset your MFA/);
  assert.doesNotMatch((await robin.get(own.path)).text, /reset-mfa/);
  assert.equal((await robin.get(`${own.path}/reset-mfa`)).location, own.path);
  const refused = await sendUnoffered(robin, `${chris.path}/reset-mfa`, `${own.path}/reset-mfa`, WHY);
  assert.equal(refused.status, 403);
  assert.match(refusalOn(refused.text), /You can’t reset your own MFA here/);
  assert.equal((await rowsLeft(world, own.id))[0], 1);

  assert.equal((await csm.get(`${own.path}/reset-mfa`)).status, 403);
  assert.equal((await csm.get(`/console/people/${own.id}/reset-mfa`)).status, 404);
  for (const path of [`${own.path}/reset-mfa`, `/console/people/${own.id}/reset-mfa`]) {
    const { status } = await sendUnoffered(csm, '/security', path, WHY);
    assert.equal(status, path.startsWith('/console/staff') ? 403 : 404);
  }
  assert.equal((await rowsLeft(world, own.id))[0], 1);
  assert.equal((await world.events()).filter(({ action }) => action === 'user.mfa_reset').length, 0);
});

test('a reset of staff asks why and how identity was checked, and touches nobody of a partner', async (t) => {
  const { world, ana, robin, chris } = await openStaff(t);
  for (const missing of ['reason', 'checked_by', 'check_note'] as const) {
    const refused = await robin.post(`${chris.path}/reset-mfa`, { ...WHY, [missing]: '' });
    assert.equal(refused.status, 400, missing);
  }
  assert.match(plain((await robin.post(`${chris.path}/reset-mfa`, { ...WHY, reason: '' })).text), /Enter a reason/);
  assert.equal((await rowsLeft(world, chris.id))[0], 1);
  await world.addAuthenticator(ana.id);
  const { status } = await sendUnoffered(robin, '/security', `/console/staff/${ana.id}/reset-mfa`, WHY);
  assert.equal(status, 404);
  assert.equal((await rowsLeft(world, ana.id))[0], 1);
});
