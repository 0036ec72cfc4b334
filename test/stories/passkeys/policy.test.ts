import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingOn, openWithEnrolledAna, plain, refusalOn, secretOn } from '../../story.ts';
import { enterStaff } from '../console/console-story.ts';
import {
  addPasskey,
  amrOf,
  enrollPasskey,
  givePasskey,
  optionsFrom,
  phone,
  sendForm,
  signInAlone,
} from './passkey-story.ts';

async function openWithStaff(t: Parameters<typeof openWithEnrolledAna>[0]) {
  const story = await openWithEnrolledAna(t, { policy: 'required' });
  const staff = await enterStaff(story.world, 'csm', 'chris@portal.example');
  const path = `/console/partners/${story.partnerId}/passkeys`;
  const set = async (policy: string, from = '') => {
    await staff.get(`${path}?policy=${policy}&from=${from}`);
    const answer = await staff.post(path, { policy, from });
    assert.equal(answer.status, 303, refusalOn(answer.text));
  };
  return { ...story, staff, path, set };
}

test('the preview says whom a policy affects, and the change ends sessions without a passkey', async (t) => {
  const { world, staff, path, set, browser, ana } = await openWithStaff(t);
  const preview = plain((await staff.get(`${path}?policy=now&from=`)).text);
  assert.match(preview, /One person has only an app and will have to add a passkey at the next sign-in\. One session/);
  assert.match(preview, /One person without a passkey/);
  await set('now');
  assert.equal((await browser.get('/security')).status, 303, 'the session is over');
  const event = (await world.events()).find(({ action }) => action === 'partner.passkey_policy_changed');
  assert.partialDeepStrictEqual(event?.detail, { from: 'allowed', to: 'required', sessions: 1 });
  assert.match((await staff.get(`${path}/missing.csv`)).text, new RegExp(`${ana.email},[^,]+,app`));
});

test('with an app alone, a code leads to the set-up of a passkey, and that completes the sign-in', async (t) => {
  const { world, set, secret, ana } = await openWithStaff(t);
  await set('now');
  const browser = world.person();
  assert.equal((await browser.signIn(ana.email)).location, '/sign-in/one-time-code');
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/enroll');
  const prompt = await browser.get('/enroll');
  assert.match(plain(prompt.text), /requires passkeys, because/);
  assert.doesNotMatch(prompt.text, /Not now/);
  assert.equal((await browser.post('/enroll')).location, '/enroll/passkey');
  const done = await enrollPasskey(browser, phone());
  assert.equal(done.location, '/', refusalOn(done.text));
  assert.equal(await amrOf(world, ana.id), 'pwd otp swk user mfa');
});

test('a recovery code leads there too, and a code is not enough again once there is a passkey', async (t) => {
  const { world, set, secret, codes, ana } = await openWithStaff(t);
  await set('now');
  const device = phone();
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.equal((await browser.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).location, '/enroll');
  await enrollPasskey(browser, device);
  const next = world.person();
  assert.equal((await next.signIn(ana.email)).location, '/sign-in/passkey');
  assert.doesNotMatch((await next.get('/sign-in/passkey')).text, /href="\/sign-in\/one-time-code"/);
  world.clock.at += 30;
  const code = await sendForm(next, (await next.get('/sign-in/recovery-code')).text, '/sign-in/one-time-code', {
    code: world.totp(secret),
  });
  assert.equal(code.status, 403);
  assert.equal((await givePasskey(next, device)).status, 303);
});

test('from a date an app will do until then, and people are reminded', async (t) => {
  const { world, set, secret, ana, staff, path } = await openWithStaff(t);
  await set('date', '2027-02-01');
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/');
  await staff.get(path);
  const reminded = await staff.submit(`${path}/remind`);
  assert.match(plain(reminded.text), /One person without a passkey has been reminded/);
  assert((await world.mail()).some(({ kind, to }) => kind === 'passkey_asked' && to === ana.email));
  world.clock.at = Date.UTC(2027, 1, 1, 12) / 1000;
  const late = world.person();
  await late.signIn(ana.email);
  assert.equal((await late.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/enroll');
});

test('who is too many for one click is reminded by the next one, on the same day', async (t) => {
  const { world, partnerId, staff, path } = await openWithStaff(t);
  const extra = { email: '', partnerId, name: 'One of many' };
  for (let count = 0; count < 1020; count++) await world.addUser({ ...extra, email: `p${1e4 + count}@acme.example` });
  assert.match(plain((await staff.get(`${path}/remind`)).text), /Remind 1,000 people at .* at most 1,000 people\./);
  await staff.post(`${path}/remind`);
  assert.match(headingOn((await staff.get(`${path}/remind`)).text), /^Remind \d+ people at/);
  await staff.post(`${path}/remind`);
  const reminded = (await world.events()).filter(({ action }) => action === 'user.reminded');
  assert.equal(new Set(reminded.map(({ subject }) => subject)).size, 1021);
  assert.equal(reminded.length, 1021);
  assert.equal((await staff.get(`${path}/remind`)).location, `${path}?reminded=yes`);
});

test('where passkeys are not allowed nobody can add or use one', async (t) => {
  const { world, set, browser, ana } = await openWithStaff(t);
  const device = phone();
  await addPasskey(browser, device);
  await set('off');
  assert.equal((await signInAlone(world.person(), device)).status, 422);
  const next = world.person();
  assert.equal((await next.signIn(ana.email)).location, '/sign-in/one-time-code');
  assert.doesNotMatch((await next.get('/sign-in/one-time-code')).text, /sign-in\/passkey/);
  assert.equal((await next.get('/sign-in/passkey')).location, '/sign-in/one-time-code');
  assert.equal(headingOn((await browser.get('/security/authenticators/add')).text), 'Add another authenticator');
  assert.doesNotMatch((await browser.get('/security/authenticators/add')).text, /passkey/i);
  assert.equal(typeof optionsFrom, 'function');
});

test('a trusted device does not stand in for a passkey that is needed', async (t) => {
  const { world, set, secret, ana, partnerId, staff } = await openWithStaff(t);
  await staff.get(`/console/partners/${partnerId}/trusted-devices`);
  await staff.post(`/console/partners/${partnerId}/trusted-devices`, { allowed: 'yes' });
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret), trust: 'yes' });
  await browser.post('/sign-out');
  assert.equal((await browser.signIn(ana.email)).location, '/', 'trusted');
  await browser.post('/sign-out');
  await set('now');
  assert.equal((await browser.signIn(ana.email)).location, '/sign-in/one-time-code');
});

const HOUR = 60 * 60;
const DATE = Date.UTC(2027, 1, 1, 12) / 1000;

test('a session without a passkey that begins before the date ends on the date', async (t) => {
  const { world, set, secret, ana } = await openWithStaff(t);
  await set('date', '2027-02-01');
  world.clock.at = DATE - HOUR;
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  world.clock.at = DATE - 1;
  assert.equal((await browser.get('/')).status, 200);
  world.clock.at = DATE;
  assert.equal((await browser.get('/')).status, 303);
});

test('a first app before the date does not make the session outlive it', async (t) => {
  const { world, partnerId, set } = await openWithStaff(t);
  const off = { mfa_policy: 'off' } as const;
  await world.env.db.transaction((tx) => tx.updateTable('partners').set(off).execute());
  await set('date', '2027-02-01');
  world.clock.at = DATE - HOUR;
  const { email, id } = await world.addUser({ email: 'new@acme.example', partnerId });
  const browser = world.person();
  await browser.signIn(email);
  await browser.get('/security/authenticator');
  await browser.submit('/security/authenticator/start');
  const code = world.totp(secretOn((await browser.get('/security/authenticator')).text));
  assert.equal((await browser.post('/security/authenticator', { code })).location, '/enroll/recovery-codes');
  const sessions = world.env.db.read.selectFrom('sessions').select('expires_at').where('user_id', '=', id);
  assert.deepEqual(await sessions.execute(), [{ expires_at: DATE }]);
});

test('a challenge from before passkeys were turned off proves nothing after that', async (t) => {
  const { world, set, browser, ana } = await openWithStaff(t);
  const device = phone();
  await addPasskey(browser, device);
  world.clock.at += 60;
  const next = world.person();
  await next.signIn(ana.email);
  const after = device.authenticate(await optionsFrom(next, '/sign-in/passkey', '/sign-in/passkey/options'));
  const page = (await next.get('/sign-in/passkey')).text;
  const again = device.authenticate(await optionsFrom(browser, '/step-up/passkey', '/step-up/passkey/options'));
  const stepUp = (await browser.get('/step-up/passkey')).text;
  await set('off');
  const sent = await sendForm(next, page, '/sign-in/passkey', { credential: JSON.stringify(after) });
  assert.equal(sent.location, '/sign-in/one-time-code');
  const raised = await sendForm(browser, stepUp, '/step-up/passkey', { credential: JSON.stringify(again) });
  assert.equal(raised.location, '/step-up');
  const actions = (await world.events()).map(({ action }) => action);
  assert(!actions.includes('sign_in.passkey_accepted') && !actions.includes('step_up.proven'));
});
