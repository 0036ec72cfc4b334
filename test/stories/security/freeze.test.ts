import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { plain, secretOn } from '../../story.ts';
import { ORIGIN, openWorld, type World } from '../../world.ts';

const NEW_PASSWORD = 'quiet harbor seven lamps';
const EMAIL = 'ana@acme.example';
const HOURS_48 = 48 * 60 * 60;

async function frozenAna(t: TestContext, hours: string, policy: 'optional' | 'required' = 'optional') {
  const world = await openWorld(t, { environment: { SALLYPORT_RESET_FREEZE_HOURS: hours } });
  const partner = await world.addPartner({ policy });
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  await resetByMail(world);
  return { world, ana, secret, browser: await enterAgain(world, secret) };
}

async function resetByMail(world: World): Promise<void> {
  await world.person().post('/forgot-password', { email: EMAIL });
  const [mail] = await world.mail();
  const saved = await world.person().post(new URL(mail?.link ?? '').pathname, { password: NEW_PASSWORD });
  assert.equal(saved.status, 303);
}

async function enterAgain(world: World, secret: string) {
  world.clock.at += 30;
  const browser = world.person();
  await browser.signIn(EMAIL, NEW_PASSWORD);
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  return browser;
}

/** A form that no page offers, with the token of an existing page. */
async function send(browser: Awaited<ReturnType<typeof enterAgain>>, path: string) {
  const token = /name="form_token" value="([^"]+)"/.exec((await browser.get('/security')).text)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token });
  return browser.send(path, { method: 'POST', body, headers: { origin: ORIGIN } });
}

/** The acts on authenticators and codes: their targets and their effects. */
async function tryChanges(world: World, browser: Awaited<ReturnType<typeof enterAgain>>, userId: string) {
  const started = await send(browser, '/security/authenticator/start');
  const codes = await send(browser, '/security/recovery-codes');
  const off = await send(browser, '/security/authenticator/turn-off');
  const { read } = world.env.db;
  const rows = async (table: 'enrollments' | 'authenticators' | 'recovery_codes') =>
    (await read.selectFrom(table).select('id').where('user_id', '=', userId).execute()).length;
  return {
    statuses: [started.status, codes.status, off.status],
    left: [await rows('enrollments'), await rows('recovery_codes'), await rows('authenticators')],
  };
}

test('after a reset by mail nothing of the second factor can be changed for 48 hours, and the page says until when', async (t) => {
  const { world, ana, secret, browser } = await frozenAna(t, '48');
  const security = plain((await browser.get('/security')).text);
  assert.match(security, /Your authenticator and your recovery codes can’t be changed until Jan 17, 2027, 8:00 AM UTC/);
  assert.match(plain((await browser.get('/security/authenticator')).text), /can’t be changed until/);
  assert.doesNotMatch((await browser.get('/security/authenticator')).text, /authenticator\/start|turn-off/);
  assert.equal((await browser.get('/security/recovery-codes')).location, '/security/authenticator');
  assert.deepEqual(await tryChanges(world, browser, ana.id), { statuses: [303, 303, 403], left: [0, 0, 1] });
  world.clock.at += HOURS_48 - 120;
  const almost = await enterAgain(world, secret);
  assert.deepEqual((await tryChanges(world, almost, ana.id)).left, [0, 0, 1]);
  world.clock.at += 120;
  const after = await enterAgain(world, secret);
  assert.doesNotMatch(plain((await after.get('/security')).text), /stay as they are/);
  assert.match((await after.get('/security/authenticator')).text, /authenticator\/start[\s\S]*turn-off/);
  assert.deepEqual((await tryChanges(world, after, ana.id)).left, [0, 10, 1], 'new codes at last');
});

test('without the setting a reset freezes nothing', async (t) => {
  const { world, ana, browser } = await frozenAna(t, '0');
  assert.doesNotMatch(plain((await browser.get('/security')).text), /stay as they are/);
  assert.deepEqual((await tryChanges(world, browser, ana.id)).left, [0, 10, 1]);
});

test('a set-up that was begun before the reset is not finished after it', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_RESET_FREEZE_HOURS: '48' } });
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const browser = world.person();
  await browser.signIn(EMAIL);
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  await browser.get('/security/authenticator');
  await browser.post('/security/authenticator/start');
  const fresh = secretOn((await browser.get('/security/authenticator')).text);
  await resetByMail(world);
  assert.equal((await browser.post('/security/authenticator', { code: world.totp(fresh) })).status, 401);
});

test('a person without a second factor sets one up after a reset as ever, and may replace it', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_RESET_FREEZE_HOURS: '48' } });
  const partner = await world.addPartner();
  await world.addUser({ email: EMAIL, partnerId: partner.id });
  await resetByMail(world);
  world.clock.at += 30;
  const browser = world.person();
  assert.equal((await browser.signIn(EMAIL, NEW_PASSWORD)).location, '/enroll');
  await browser.enroll(world.clock.at);
  assert.match((await browser.get('/security/authenticator')).text, /authenticator\/start/);
});

/** A request for another email, and its effect. */
async function askForEmail(world: World, browser: Awaited<ReturnType<typeof enterAgain>>, email: string) {
  const page = await browser.get('/security/email');
  const token = /name="form_token" value="([^"]+)"/.exec((await browser.get('/security')).text)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token, email, current: NEW_PASSWORD });
  const { status } = await browser.send('/security/email', { method: 'POST', body, headers: { origin: ORIGIN } });
  const mails = (await world.mail()).filter(({ to }) => to === email);
  return { page: plain(page.text), status, mails };
}

test('after a reset by mail the email stays as it is for 48 hours too', async (t) => {
  const { world, secret, browser } = await frozenAna(t, '48');
  assert.match(
    plain((await browser.get('/security')).text),
    /can’t be changed until .* UTC \. Your email can’t be changed until then, either\./,
  );
  const early = await askForEmail(world, browser, 'thief@evil.example');
  assert.match(early.page, /can’t be changed until/);
  assert.doesNotMatch(early.page, /New email/);
  assert.deepEqual([early.status, early.mails], [403, []]);
  assert.deepEqual((await world.events()).at(-1)?.detail, { reason: 'frozen' });
  assert.equal((await world.env.db.read.selectFrom('email_links').select('id').execute()).length, 0);
  world.clock.at += HOURS_48;
  const later = await askForEmail(world, await enterAgain(world, secret), 'ana.new@acme.example');
  assert.equal(later.status, 303);
  assert.equal(later.mails[0]?.kind, 'email_confirm');
});

test('a change of email that waits when the freeze begins is not confirmed in it', async (t) => {
  const { world, ana, secret, browser } = await frozenAna(t, '48');
  world.clock.at += HOURS_48;
  const late = await enterAgain(world, secret);
  const { mails } = await askForEmail(world, late, 'thief@evil.example');
  const path = new URL(mails[0]?.link ?? '').pathname;
  // Only the link is left, as if the reset had run at the same moment: a reset deletes it.
  const keptLinks = await world.env.db.read.selectFrom('email_links').selectAll().execute();
  await resetByMail(world);
  assert.equal((await world.env.db.read.selectFrom('email_links').select('id').execute()).length, 0);
  await world.env.db.transaction((tx) => tx.insertInto('email_links').values(keptLinks).execute());
  const again = await enterAgain(world, secret);
  assert.match(plain((await again.get(path)).text), /can’t be changed until/);
  assert.equal((await send(again, path)).status, 403);
  const row = await world.env.db.read.selectFrom('users').select('email').where('id', '=', ana.id).executeTakeFirst();
  assert.equal(row?.email, EMAIL);
  assert.equal((await late.get('/')).status, 303, 'and the session that asked for it has ended');
  assert.ok(browser);
});

test('where nothing is frozen the email is changed as ever', async (t) => {
  const { world, browser } = await frozenAna(t, '0');
  const { status, mails } = await askForEmail(world, browser, 'ana.new@acme.example');
  assert.deepEqual([status, mails[0]?.kind], [303, 'email_confirm']);
});
