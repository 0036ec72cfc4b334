import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApp } from '#http/app.ts';
import { ROUTES } from '../../../src/routes.ts';
import { ORIGIN } from '../../world.ts';
import { APP, APP_ORIGIN, IDENTITY, NAVIGATION, openBrowser, openPortal, SCRIPT } from './forward-auth-story.ts';

const QUESTION = { 'x-forwarded-host': APP, 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/reports' };

test('a person signs in on the way to a protected host and lands on the page that they asked for', async (t) => {
  const { world, browser, ana } = await openPortal(t);
  const landed = await browser.signInAt(`${APP_ORIGIN}/reports?month=3`);
  assert.equal(landed.url, `${APP_ORIGIN}/reports?month=3`);
  assert.equal(landed.status, 200);
  assert.deepEqual(
    IDENTITY.map((name) => landed.headers.get(name)),
    [ana.id, ana.email, 'Ana%20M%C3%BCller', 'acme', 'member', 'pwd', 'urn:sallyport:acr:pwd'],
  );
  assert.deepEqual([...browser.jarOf(APP).keys()], ['__Host-sallyport-site']);
  const entered = (await world.events()).filter(({ action }) => action === 'site.entered');
  assert.deepEqual(
    entered.map(({ actor, detail }) => [actor, detail.host]),
    [[ana.id, APP]],
  );
});

test('a second host is entered with the session that is there, without a page in between', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const { env } = world;
  await env.db.transaction((tx) =>
    tx.insertInto('sites').values({ host: 'two.example.com', acr: null, partner_ids: '', created_at: 0 }).execute(),
  );
  const landed = await browser.follow('https://two.example.com/x');
  assert.deepEqual([landed.url, landed.status], ['https://two.example.com/x', 200]);
});

test('GHSA-7r4p-vjf4-gxv4 (Caddy): a person without a partner has every identity header, the empty one too', async (t) => {
  const { world, browser } = await openPortal(t);
  await world.addUser({ email: 'carl@sallyport.example', role: 'csm' });
  const secret = await world.addAuthenticator(
    (await world.env.db.read.selectFrom('users').select('id').where('role', '=', 'csm').executeTakeFirstOrThrow()).id,
  );
  const page = await browser.follow(`${APP_ORIGIN}/`);
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  await browser.own.post('/sign-in', { email: 'carl@sallyport.example', password: 'lantern otter velvet 9', resume });
  const { location = '' } = await browser.own.post('/sign-in/one-time-code', { code: world.totp(secret), resume });
  const notice = await browser.follow(`${ORIGIN}${location}`);
  assert(notice.text.includes(`href="${resume}"`), 'a page that says something first leads on to the portal');
  const landed = await browser.follow(`${ORIGIN}${resume}`);
  assert.equal(landed.status, 200);
  assert.deepEqual(
    IDENTITY.filter((name) => !landed.headers.has(name)),
    [],
    'Caddy before 2.11.2 lets through the header of the client where the answer has none',
  );
  assert.equal(landed.headers.get('x-sallyport-partner'), '');
  assert.equal(landed.headers.get('x-sallyport-amr'), 'pwd otp mfa');
});

test('what is no navigation gets 401 and no redirect', async (t) => {
  const { browser } = await openPortal(t);
  const others = [
    SCRIPT,
    { accept: 'text/html', 'sec-fetch-mode': 'cors' },
    { accept: 'text/html', 'sec-fetch-mode': 'websocket' },
    { accept: 'image/avif,*/*', 'sec-fetch-mode': 'navigate' },
    {},
  ];
  for (const mode of ['nginx', 'redirect'] as const) {
    for (const headers of others) {
      const answer = await browser.visit(`${APP_ORIGIN}/api/list`, { mode, headers });
      assert.equal(answer.status, 401);
      assert.equal(answer.location, undefined);
      assert.equal(answer.headers.get('set-cookie'), null);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    }
    const old = await browser.visit(`${APP_ORIGIN}/`, { mode, headers: { accept: 'text/html' } });
    assert(old.location, 'a browser without Fetch Metadata is known by what it accepts');
  }
});

test('each proxy is told where to send a browser in the way that it understands', async (t) => {
  const { browser } = await openPortal(t);
  const statusOf = async (mode: 'nginx' | 'redirect', method: string) => {
    const { status, location = '' } = await browser.visit(`${APP_ORIGIN}/`, { mode, method });
    assert(location.startsWith(`${ORIGIN}/forward-auth/begin?visit=`), 'absolute, on the public URL');
    return status;
  };
  assert.deepEqual([await statusOf('nginx', 'GET'), await statusOf('nginx', 'POST')], [401, 401]);
  assert.deepEqual([await statusOf('redirect', 'GET'), await statusOf('redirect', 'HEAD')], [302, 302]);
  assert.deepEqual([await statusOf('redirect', 'POST'), await statusOf('redirect', 'PUT')], [303, 303]);
  for (const [method, status] of [
    ['GET', 302],
    ['POST', 303],
    ['DELETE', 303],
    ['PATCH', 303],
    ['OPTIONS', 303],
  ] as const) {
    const headers = { ...NAVIGATION, 'x-forwarded-proto': 'https' };
    const answer = await browser.ask('/forward-auth/envoy/reports?month=3', APP, { method, headers });
    assert.equal(answer.status, status, method);
    assert(answer.location?.startsWith(`${ORIGIN}/`));
  }
});

test('a header that is missing or was sent twice is refused with 400, and so is one that cannot be read', async (t) => {
  const { browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const ask = async (headers: Record<string, string>, path = '/forward-auth/redirect') =>
    (await browser.ask(path, APP, { headers: { ...NAVIGATION, ...headers } })).status;
  assert.equal(await ask(QUESTION), 200, 'X-Forwarded-Method may be absent');
  for (const name of Object.keys(QUESTION) as (keyof typeof QUESTION)[]) {
    const { [name]: value, ...rest } = QUESTION;
    assert.equal(await ask(rest), 400, `${name} is missing`);
    assert.equal(await ask({ ...QUESTION, [name]: `${value}, ${value}` }), 400, `${name} came twice`);
    assert.equal(await ask({ ...QUESTION, [name]: '' }), name === 'x-forwarded-uri' ? 200 : 400, `${name} is empty`);
  }
  const others = [
    { 'x-forwarded-proto': 'http' },
    { 'x-forwarded-proto': 'ftp' },
    { 'x-forwarded-host': `${APP}/x` },
    { 'x-forwarded-host': `evil@${APP}` },
    { 'x-forwarded-uri': '/a /b' },
    { 'x-forwarded-method': 'GET, POST' },
  ];
  for (const wrong of others) assert.equal(await ask({ ...QUESTION, ...wrong }), 400, JSON.stringify(wrong));
  assert.equal(await ask({}, '/forward-auth/envoy/'), 400, 'Envoy names the scheme as well');
  assert.equal(await ask({ 'x-forwarded-proto': 'https' }, '/forward-auth/envoy/'), 200);
});

test('the headers of a proxy count where one is trusted, and the operator hears of it elsewhere', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  const untrusting = createApp({ ...world.env, config: { ...world.env.config, trustedProxies: 0 } }, ROUTES);
  const cookie = `__Host-sallyport-site=${browser.jarOf(APP).get('__Host-sallyport-site')}`;
  const headers = { ...QUESTION, ...NAVIGATION, cookie };
  const answer = await untrusting.fetch(new Request(`https://${APP}/forward-auth/redirect`, { headers }));
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /SALLYPORT_TRUSTED_PROXIES/);
  const ready = await untrusting.fetch(new Request(`${ORIGIN}/readyz`));
  assert.match(await ready.text(), /forward_auth_untrusted/);
});

test('a host that is not registered is refused, and one that is removed too', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.signInAt(`${APP_ORIGIN}/`);
  assert.equal((await browser.visit('https://other.example.com/')).status, 403);
  const misdirected = { headers: { ...QUESTION, ...NAVIGATION } };
  assert.equal(
    (await browser.ask('/forward-auth/nginx', 'other.example.com', misdirected)).status,
    421,
    'neither ours nor registered',
  );
  const asked = { ...QUESTION, 'x-forwarded-host': 'other.example.com', ...NAVIGATION };
  assert.equal((await browser.ask('/forward-auth/redirect', 'sign-in.example.com', { headers: asked })).status, 403);
  assert.equal((await browser.ask('/forward-auth/nginx', APP, { headers: asked })).status, 403);
  assert.equal(
    (await browser.ask('/forward-auth/nginx', 'sign-in.example.com:3000', { headers: { ...QUESTION, ...NAVIGATION } }))
      .status,
    401,
    'our name inside, with the port of inside',
  );
  await world.env.db.transaction((tx) => tx.deleteFrom('sites').execute());
  const outside = openBrowser(world);
  assert.equal((await outside.visit(`${APP_ORIGIN}/`)).status, 403);
  assert.equal((await browser.visit(`${APP_ORIGIN}/`)).status, 403, 'with a cookie of before too');
  assert.equal((await browser.visit(`${APP_ORIGIN}/.sallyport/sign-out`)).status, 421);
});

test('the answer for a protected host says nothing of how that host is reached', async (t) => {
  const { browser } = await openPortal(t);
  for (const url of [`${APP_ORIGIN}/`, `${APP_ORIGIN}/.sallyport/sign-out`, `${APP_ORIGIN}/.sallyport/return`]) {
    assert.equal((await browser.visit(url)).headers.get('strict-transport-security'), null, url);
  }
  const line = (await browser.visit(`${APP_ORIGIN}/`)).headers.get('set-cookie');
  assert.equal(line, null, 'the browser keeps the cookie that it has');
  const fresh = await openBrowser((await openPortal(t)).world).visit(`${APP_ORIGIN}/`);
  assert.match(
    fresh.headers.get('set-cookie') ?? '',
    /^__Host-sallyport-site=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  );
});
