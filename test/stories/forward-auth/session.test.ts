import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { publicJwks } from '#flows/runtime/signing-keys.ts';
import { createApp } from '#http/app.ts';
import { ROUTES } from '../../../src/routes.ts';
import { ANA, startEnrollment } from '../../story.ts';
import { ORIGIN, PASSWORD } from '../../world.ts';
import { APP, APP_ORIGIN, openBrowser, openPortal, SCRIPT } from './forward-auth-story.ts';

const SIGN_OUT = `${APP_ORIGIN}/.sallyport/sign-out`;
const HOUR = 60 * 60;

test('whatever ends the session ends it on the protected host with the next request, on every node', async (t) => {
  const { world, partnerId, ana } = await openPortal(t);
  const { env } = world;
  const other = createApp(env, ROUTES);
  const change = (table: 'users' | 'partners', values: object, id: string) =>
    env.db.transaction((tx) => tx.updateTable(table).set(values).where('id', '=', id).execute());
  const ends: Record<string, (browser: ReturnType<typeof openBrowser>) => Promise<unknown>> = {
    'sign-out': (browser) => browser.own.post('/sign-out'),
    'every other session ended': async () => {
      const elsewhere = openBrowser(world);
      await elsewhere.own.signIn(ANA);
      await elsewhere.own.get('/security/sessions');
      await elsewhere.own.post('/security/sessions/end-others');
    },
    disabled: () => change('users', { disabled_at: 1 }, ana.id),
    archived: () => change('partners', { archived_at: 1 }, partnerId),
  };
  for (const [name, end] of Object.entries(ends)) {
    const browser = openBrowser(world);
    assert.equal((await browser.signInAt(`${APP_ORIGIN}/`)).status, 200, name);
    await end(browser);
    assert.equal((await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT })).status, 401, name);
    const cookie = [...browser.jarOf(APP)].map(([key, value]) => `${key}=${value}`).join('; ');
    const forwarded = { 'x-forwarded-host': APP, 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/' };
    const request = new Request(`${ORIGIN}/forward-auth/nginx`, { headers: { ...forwarded, ...SCRIPT, cookie } });
    assert.equal((await other.fetch(request)).status, 401, `${name}, asked of another node`);
    await change('users', { disabled_at: null }, ana.id);
  }
});

test('Sign out on the protected host asks first, and ends the whole session', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const page = await browser.visit(SIGN_OUT);
  assert.equal(page.status, 200);
  assert.match(page.text, /<form method="post" action="\/.sallyport\/sign-out">/);
  assert.equal(page.headers.get('set-cookie'), null, 'none of our own cookies on that host');
  assert.equal((await browser.visit(`${APP_ORIGIN}/`)).status, 200, 'to look at it ends nothing');
  const done = await browser.visit(SIGN_OUT, { method: 'POST', headers: { origin: APP_ORIGIN } });
  assert.deepEqual([done.status, done.location], [303, SIGN_OUT]);
  assert.equal(browser.jarOf(APP).size, 0);
  assert.match((await browser.visit(SIGN_OUT)).text, /You are signed out/);
  assert.equal((await browser.visit(`${APP_ORIGIN}/`)).status, 302);
  assert.equal((await browser.own.get('/')).location, '/sign-in?return_to=%2F', 'nor on our own host');
  assert.deepEqual((await world.events()).filter(({ action }) => action === 'session.ended').length, 1);
});

test('a page of another origin signs nobody out', async (t) => {
  const { browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const strangers = [
    { origin: 'https://evil.example' },
    { origin: ORIGIN },
    { origin: `http://${APP}` },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
    {},
  ];
  for (const headers of strangers) {
    assert.equal((await browser.visit(SIGN_OUT, { method: 'POST', headers })).status, 403, JSON.stringify(headers));
  }
  assert.equal((await browser.visit(`${APP_ORIGIN}/`)).status, 200);
  const own = { 'sec-fetch-site': 'same-origin' };
  assert.equal((await browser.visit(SIGN_OUT, { method: 'POST', headers: own })).status, 303);
});

test('a script that polls keeps no session alive, and a person who opens pages does', async (t) => {
  const { world, browser } = await openPortal(t);
  const polling = openBrowser(world);
  await polling.signInAt(`${APP_ORIGIN}/`);
  await browser.signInAt(`${APP_ORIGIN}/`);
  for (let minutes = 0; minutes < 80; minutes += 20) {
    world.clock.at += 20 * 60;
    await polling.visit(`${APP_ORIGIN}/api/news`, { headers: SCRIPT });
    assert.equal((await browser.visit(`${APP_ORIGIN}/page`)).status, 200);
    // The use is written beside the answer.
    await new Promise((resolve) => setImmediate(resolve));
    await world.env.db.transaction(async () => undefined);
  }
  assert.equal((await polling.visit(`${APP_ORIGIN}/api/news`, { headers: SCRIPT })).status, 401);
  world.clock.at += 24 * HOUR;
  assert.equal((await browser.visit(`${APP_ORIGIN}/page`)).status, 302, 'the absolute end holds here too');
});

test('a host that asks for a second factor has it set up on the way', async (t) => {
  const { world, browser } = await openPortal(t, { site: { acr: 'mfa' } });
  const page = await browser.signInAt(`${APP_ORIGIN}/payouts`);
  assert.equal(new URL(page.url).pathname, '/security/authenticator', 'the password was given just now');
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  await browser.own.post('/security/authenticator/start', { resume });
  const { text } = await browser.own.get(`/security/authenticator?${new URLSearchParams({ resume })}`);
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
  const { location = '' } = await browser.own.post('/security/authenticator', { code: world.totp(secret), resume });
  assert.equal(new URL(location, ORIGIN).pathname, '/enroll/recovery-codes');
  await browser.own.get(location);
  const done = await browser.own.post('/enroll/recovery-codes', { saved: 'yes', resume });
  const landed = await browser.follow(new URL(done.location ?? '', ORIGIN).href);
  assert.deepEqual([landed.url, landed.status], [`${APP_ORIGIN}/payouts`, 200]);
  assert.equal(landed.headers.get('x-sallyport-acr'), 'urn:sallyport:acr:mfa');
});

test('a host that begins to ask for more lets nobody in who has proven less', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const ask = (acr: 'mfa' | 'phr') => world.env.db.transaction((tx) => tx.updateTable('sites').set({ acr }).execute());
  await ask('mfa');
  assert.equal((await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT })).status, 401);
  const page = await browser.follow(`${APP_ORIGIN}/`);
  assert.equal(page.hops.filter((url) => new URL(url).pathname === '/security/authenticator').length, 1);
  await ask('phr');
  const offered = await browser.follow(`${APP_ORIGIN}/`);
  assert.equal(new URL(offered.url).pathname, '/security/authenticators/passkey');
  await world.env.db.transaction((tx) => tx.updateTable('partners').set({ passkey_policy: 'off' }).execute());
  const closed = await browser.follow(`${APP_ORIGIN}/`);
  assert.equal(closed.status, 403);
  assert.match(closed.text, /You need a passkey here/);
});

test('a person with an authenticator proves it on the way', async (t) => {
  const { world, browser } = await openPortal(t, { site: { acr: 'mfa' }, policy: 'optional' });
  await openBrowser(world).own.signIn(ANA);
  const other = openBrowser(world);
  await other.own.signIn(ANA);
  const secret = await startEnrollment(other.own);
  await other.own.post('/enroll/authenticator', { code: world.totp(secret) });
  await other.own.post('/enroll/recovery-codes', { saved: 'yes' });
  world.clock.at += 30;
  const page = await browser.follow(`${APP_ORIGIN}/`);
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  await browser.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
  assert.equal((await browser.own.get(resume)).location, `/sign-in?${new URLSearchParams({ resume })}`);
  const { location = '' } = await browser.own.post('/sign-in/one-time-code', { code: world.totp(secret), resume });
  const landed = await browser.follow(ORIGIN + location);
  assert.equal(landed.headers.get('x-sallyport-amr'), 'pwd otp mfa');
});

test('a host for one partner is closed to the people of others, and says so', async (t) => {
  const { world, browser, partnerId } = await openPortal(t);
  const { id: globex } = await world.addPartner({ slug: 'globex', name: 'Globex', policy: 'off' });
  const open = (ids: string) =>
    world.env.db.transaction((tx) => tx.updateTable('sites').set({ partner_ids: ids }).execute());
  await open(globex);
  const page = await browser.signInAt(`${APP_ORIGIN}/`);
  assert.equal(page.status, 403);
  assert.match(page.text, /This portal isn’t open to your company/);
  assert.match(page.text, /href="\/sign-in\?again=&amp;resume=%2Fforward-auth%2Fcontinue/);
  const [refused] = (await world.events()).filter(({ action }) => action === 'site.refused');
  assert.deepEqual([refused?.actor, refused?.detail.host], [refused?.subject, APP]);

  await open(`${globex} ${partnerId}`);
  assert.equal((await browser.follow(`${APP_ORIGIN}/`)).status, 200);
  await open(globex);
  const [shown, script] = [
    await browser.visit(`${APP_ORIGIN}/`),
    await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT }),
  ];
  assert.deepEqual([shown.status, script.status], [403, 403], 'with a session there from before');
  assert.match(shown.text, /no longer open to your company/);
});

test('the token is signed for this host and for a minute', async (t) => {
  const { world, browser, ana } = await openPortal(t);
  const landed = await browser.signInAt(`${APP_ORIGIN}/`);
  const [head = '', body = '', signature = ''] = (landed.headers.get('x-sallyport-token') ?? '').split('.');
  const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  assert.equal(alg, 'ES256');
  const jwk = (await publicJwks(world.env)).keys.find((key) => key.kid === kid);
  assert(jwk && !('d' in jwk), 'its key is published, and only its public half');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  assert(verify('sha256', Buffer.from(`${head}.${body}`), options, Buffer.from(signature, 'base64url')));
  const { iss, aud, sub, iat, exp, amr, acr, partner, email } = JSON.parse(Buffer.from(body, 'base64url').toString());
  assert.deepEqual([iss, aud, sub, email, iat, exp - iat], [ORIGIN, APP, ana.id, ANA, world.clock.at, 60]);
  assert.deepEqual([amr, acr, partner.slug], [['pwd'], 'urn:sallyport:acr:pwd', 'acme']);

  const tokenNow = async () => (await browser.visit(`${APP_ORIGIN}/`)).headers.get('x-sallyport-token') ?? '';
  world.clock.at += 9;
  assert.equal(await tokenNow(), `${head}.${body}.${signature}`, 'the files of one page share it');
  await world.env.db.transaction((tx) => tx.updateTable('users').set({ role: 'manager' }).execute());
  const changed = await tokenNow();
  assert.equal(JSON.parse(Buffer.from(changed.split('.')[1] ?? '', 'base64url').toString()).role, 'manager');
  world.clock.at += 10;
  assert.notEqual(await tokenNow(), changed);
});

test('somebody who signs in again in the same browser stays signed in on the protected host', async (t) => {
  const { browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  // A sign-in page that was open in another tab.
  await browser.own.post('/sign-in', { email: ANA, password: PASSWORD });
  assert.equal((await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT })).status, 200);
  await browser.own.post('/sign-out');
  assert.equal((await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT })).status, 401);
});
