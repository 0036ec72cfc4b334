import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeLink } from '#flows/administration/make-link.ts';
import { plain, refusalOn } from '../../story.ts';
import { openWorld, PASSWORD, type Person, type World } from '../../world.ts';
import { enter, rowsOfPerson } from '../team/team-story.ts';

const NEW = 'ana.silva@acme.example';
const NEW_PASSWORD = 'quiet harbor seven lamps';

async function withAna(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  return { world, partner, ana, secret, browser: await enter(world, ana.email, secret) };
}

async function ask(browser: Person, email = NEW, current = PASSWORD) {
  return browser.post('/security/email', { email, current });
}

/** The path of the link in the newest mail of this kind. */
async function linkOf(world: World, kind: 'email_confirm' | 'email_changed' | 'password_reset'): Promise<string> {
  const mail = (await world.mail()).find((one) => one.kind === kind);
  return new URL(mail?.link ?? '').pathname;
}

async function mailsAbout(world: World) {
  return (await world.mail()).filter(({ kind }) => kind.startsWith('email_'));
}

async function emailOf(world: World, id: string): Promise<string | undefined> {
  return (await world.env.db.read.selectFrom('users').select('email').where('id', '=', id).executeTakeFirst())?.email;
}

async function change(world: World, browser: Person, email = NEW): Promise<string> {
  assert.equal((await ask(browser, email)).location, '/security');
  assert.equal((await browser.post(await linkOf(world, 'email_confirm'))).location, '/security');
  return linkOf(world, 'email_changed');
}

test('C20 an email changes when its new address is confirmed, and not before', async (t) => {
  const { world, ana, secret, browser } = await withAna(t);
  const other = await enter(world, ana.email, secret);
  assert.equal((await ask(browser)).location, '/security');
  assert.match(
    plain((await browser.get('/security')).text),
    /ana\.silva@acme\.example : waiting for confirmation until/,
  );
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to], ['email_confirm', NEW]);
  const link = await linkOf(world, 'email_confirm');
  for (let i = 0; i < 3; i++) assert.equal((await browser.get(link)).status, 200);
  assert.equal(await emailOf(world, ana.id), ana.email, 'looking changes nothing');
  assert.equal((await browser.post(link)).location, '/security');
  assert.equal(await emailOf(world, ana.id), NEW);
  assert.match((await browser.get('/security')).text, /1 other session was ended/);
  assert.equal((await other.get('/')).status, 303, 'the other session has ended');
  assert.equal((await browser.post(link)).status, 404, 'once');
  assert.equal((await world.person().signIn(ana.email)).status, 401);
  assert.equal((await world.person().signIn(NEW)).location, '/sign-in/one-time-code');
});

test('C20 the link confirms nothing for a stranger who got it, nor for another person', async (t) => {
  const { world, partner, ana, browser } = await withAna(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const boBrowser = await enter(world, bo.email, await world.addAuthenticator(bo.id));
  await ask(browser);
  const link = await linkOf(world, 'email_confirm');
  assert.match((await world.person().get(link)).location ?? '', /^\/sign-in\?return_to=/);
  assert.equal((await boBrowser.get(link)).status, 404);
  await boBrowser.get('/security/sessions');
  assert.equal((await boBrowser.post(link)).status, 404);
  assert.equal(await emailOf(world, ana.id), ana.email);
});

test('a change of email asks for a fresh proof and for the current password', async (t) => {
  const { world, browser } = await withAna(t);
  const wrong = await ask(browser, NEW, 'not my password');
  assert.equal(wrong.status, 401);
  assert.match(wrong.text, new RegExp(`value="${NEW}"`));
  assert.equal((await ask(browser, 'ana at acme')).status, 400);
  assert.match(refusalOn((await ask(browser, ' ANA@acme.example')).text), /This is already your email/);
  assert.deepEqual(await mailsAbout(world), []);
  world.clock.at += 5 * 60;
  assert.equal((await browser.get('/security/email')).location, '/step-up');
});

test('C12 an email that somebody has looks like any other, and its owner is told', async (t) => {
  const { world, partner, ana, browser } = await withAna(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const before = await rowsOfPerson(world, bo.id);
  const pages: string[] = [];
  for (const email of ['free@acme.example', bo.email]) {
    const asked = await ask(browser, email);
    assert.deepEqual([asked.status, asked.location], [303, '/security']);
    pages.push(plain((await browser.get('/security')).text).replaceAll(email, 'EMAIL'));
    pages.push(plain((await browser.get('/security/email')).text).replaceAll(email, 'EMAIL'));
  }
  assert.deepEqual(pages.slice(2), pages.slice(0, 2));
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to, mail?.link], ['email_in_use', bo.email, '']);
  assert.equal(await rowsOfPerson(world, bo.id), before);
  assert.equal(await emailOf(world, ana.id), ana.email);
});

test('an email that somebody takes before it is confirmed stays theirs', async (t) => {
  const { world, partner, ana, browser } = await withAna(t);
  await ask(browser);
  const link = await linkOf(world, 'email_confirm');
  await world.addUser({ email: NEW, partnerId: partner.id });
  assert.equal((await browser.post(link)).status, 404);
  assert.equal(await emailOf(world, ana.id), ana.email);
});

test('C06 a change of email ends every link that was sent to the old one', async (t) => {
  const { world, ana, browser } = await withAna(t);
  await world.person().post('/forgot-password', { email: ana.email });
  const reset = await linkOf(world, 'password_reset');
  await change(world, browser);
  assert.equal((await world.person().get(reset)).status, 404);
  await world.person().post('/forgot-password', { email: ana.email });
  assert.equal((await world.mail()).filter(({ kind }) => kind === 'password_reset').length, 1);
});

test('C20 a newer request, a new password, a reset of MFA and a day end a change that waits', async (t) => {
  const { world, ana, secret, browser } = await withAna(t);
  await ask(browser);
  const first = await linkOf(world, 'email_confirm');
  await ask(browser, 'ana.s@acme.example');
  assert.equal((await browser.get(first)).status, 404);
  const second = await linkOf(world, 'email_confirm');
  assert.equal(
    (await browser.post('/security/password', { current: PASSWORD, new: NEW_PASSWORD })).location,
    '/security',
  );
  assert.equal((await browser.get(second)).status, 404);
  await ask(browser, NEW, NEW_PASSWORD);
  const third = await linkOf(world, 'email_confirm');
  world.clock.at += 24 * 60 * 60;
  const again = world.person();
  await again.signIn(ana.email, NEW_PASSWORD);
  await again.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.equal((await again.get(third)).status, 404);
});

test('C20 the old email can be brought back once, and that shuts out the person who took the account', async (t) => {
  const { world, ana, secret, browser } = await withAna(t);
  const revert = await change(world, browser);
  const told = (await world.mail()).find(({ kind }) => kind === 'email_changed');
  assert.equal(told?.to, ana.email);
  const owner = world.person();
  for (let i = 0; i < 3; i++) assert.equal((await owner.get(revert)).status, 200);
  assert.equal(await emailOf(world, ana.id), NEW);
  const done = await owner.submit(revert);
  assert.equal(done.status, 200);
  assert.match(plain(done.text), /Your email is restored/);
  assert.equal(await emailOf(world, ana.id), ana.email);
  assert.equal((await browser.get('/')).status, 303, 'the session that changed it has ended');
  assert.equal((await world.person().signIn(ana.email)).status, 401, 'the password opens nothing');
  await owner.get('/forgot-password');
  assert.equal((await owner.post(revert)).status, 404, 'once');
  const reset = await linkOf(world, 'password_reset');
  assert.equal((await world.mail())[0]?.to, ana.email);
  assert.equal((await owner.post(reset, { password: NEW_PASSWORD })).status, 303);
  await owner.signIn(ana.email, NEW_PASSWORD);
  world.clock.at += 30;
  assert.equal((await owner.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
});

test('C20 of several changes the way back of the first leads furthest, whatever was done after', async (t) => {
  const { world, ana, browser } = await withAna(t);
  const toFirst = await change(world, browser, 'thief@evil.example');
  const toThief = await change(world, browser, 'thief2@evil.example');
  assert.equal((await world.person().post(toThief)).status, 303);
  assert.equal(await emailOf(world, ana.id), 'thief@evil.example');
  assert.equal((await world.person().post(toFirst)).status, 303);
  assert.equal(await emailOf(world, ana.id), ana.email);
});

test('C20 a person who has gone back to the first email is not sent elsewhere by a later link', async (t) => {
  const { world, ana, browser } = await withAna(t);
  const toFirst = await change(world, browser, 'thief@evil.example');
  const toThief = await change(world, browser, 'thief2@evil.example');
  assert.equal((await world.person().post(toFirst)).status, 303);
  assert.equal((await world.person().post(toThief)).status, 404);
  assert.equal(await emailOf(world, ana.id), ana.email);
});

test('the old email is kept free for 72 hours, and nobody learns that', async (t) => {
  const { world, partner, ana, browser } = await withAna(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const revert = await change(world, browser);
  const boSecret = await world.addAuthenticator(bo.id);
  const boBrowser = await enter(world, bo.email, boSecret);
  assert.equal((await ask(boBrowser, ana.email)).location, '/security');
  assert.equal((await world.mail())[0]?.kind, 'email_in_use');
  world.clock.at += 72 * 60 * 60;
  assert.equal((await world.person().get(revert)).status, 404, 'over');
  const later = await enter(world, bo.email, boSecret);
  assert.equal((await ask(later, ana.email)).location, '/security');
  assert.equal((await world.mail())[0]?.kind, 'email_confirm');
});

test('three requests an hour are enough, and the fourth is refused, no matter who asks', async (t) => {
  const { world, browser } = await withAna(t);
  for (const email of ['a@x.example', 'b@x.example', 'c@x.example']) await ask(browser, email);
  assert.equal((await ask(browser, 'd@x.example')).status, 429);
  assert.equal((await mailsAbout(world)).length, 3);
});

test('an invitation does not survive a change of email either', async (t) => {
  const { world, ana, browser } = await withAna(t);
  const { url } = await world.env.db.transaction((tx) =>
    makeLink(world.env, tx, { purpose: 'invitation', userId: ana.id }),
  );
  await change(world, browser);
  assert.equal((await world.person().get(new URL(url).pathname)).status, 404);
});
