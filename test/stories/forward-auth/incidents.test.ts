import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { listen } from '#http/server/listen.ts';
import { APP, APP_ORIGIN, NAVIGATION, openBrowser, openPortal, SCRIPT } from './forward-auth-story.ts';

const QUESTION = { 'x-forwarded-host': APP, 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/' };

/** Asks as a proxy does. These headers are added to the usual ones or replace them. */
function ask(
  browser: ReturnType<typeof openBrowser>,
  headers: Record<string, string>,
  path = '/forward-auth/redirect',
) {
  return browser.ask(path, APP, { headers: { ...QUESTION, ...NAVIGATION, ...headers } });
}

/** The same on a socket, where paths are not normalized. */
async function openRaw(t: TestContext) {
  const portal = await openPortal(t, { environment: { PORT: '0' } });
  const listening = await listen(portal.world.env, portal.world.app);
  t.after(() => listening.close());
  const statusOf = (target: string, ...lines: string[]): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(listening.url).port), '127.0.0.1');
      let answer = '';
      socket.on('error', reject).on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])));
      const all = [`GET ${target} HTTP/1.1`, `Host: ${APP}`, 'X-Forwarded-Proto: https', ...lines, 'Connection: close'];
      socket.write(`${all.join('\r\n')}\r\n\r\n`, 'latin1');
    });
  return { ...portal, statusOf };
}

/** Values that URL parsers refuse, or parse differently. */
const MALFORMED = [
  '',
  '%',
  '/%',
  '/%zz',
  '/%c0%ae%c0%ae/',
  '/\xff\xfe',
  '/[',
  '/a\\b',
  'a',
  '?',
  '*',
  'http://',
  '/ a',
];

test('GHSA-5hvv (oauth2-proxy): the user agent of a health check opens nothing', async (t) => {
  const { browser } = await openPortal(t);
  for (const agent of [
    'GoogleHC/1.0',
    'kube-probe/1.29',
    'ELB-HealthChecker/2.0',
    'Amazon-Route53-Health-Check-Service',
  ]) {
    assert.equal((await ask(browser, { 'user-agent': agent })).status, 302, agent);
    assert.equal((await ask(browser, { 'user-agent': agent, ...SCRIPT })).status, 401, agent);
  }
  for (const path of ['/healthz', '/readyz', '/ping', '/favicon.ico', '/robots.txt']) {
    assert.equal((await ask(browser, { 'x-forwarded-uri': path, ...SCRIPT })).status, 401, path);
  }
});

test('GHSA-pxq7 (oauth2-proxy): a fragment in the path opens nothing, and is not returned to', async (t) => {
  const { browser, statusOf } = await openRaw(t);
  for (const uri of ['/private#/public', '/private%23/public', '/#/healthz', '#/public']) {
    const asked = await ask(openBrowser((await openPortal(t)).world), { 'x-forwarded-uri': uri });
    assert.equal(asked.status, 302, uri);
  }
  assert.equal(await statusOf('/forward-auth/envoy/private#/public'), 400);
  await browser.own.signIn('ana@acme.example');
  const { location = '' } = await ask(browser, { 'x-forwarded-uri': '/private#//evil.example' });
  assert.equal((await browser.follow(location)).url, `${APP_ORIGIN}/private`);
});

test('GHSA-68wm-pfjf-wqp6 (Authelia): a path that cannot be read opens nothing', async (t) => {
  const { statusOf } = await openRaw(t);
  for (const path of MALFORMED) {
    const forwarded = [`X-Forwarded-Host: ${APP}`, `X-Forwarded-Uri: ${path}`];
    for (const route of ['nginx', 'redirect']) {
      const status = await statusOf(`/forward-auth/${route}`, ...forwarded);
      assert.ok([400, 401].includes(status), `${route} ${JSON.stringify(path)}: ${status}`);
    }
    const status = await statusOf(`/forward-auth/envoy${path}`);
    assert.ok(status >= 400 && status < 500, `envoy ${JSON.stringify(path)}: ${status}`);
  }
});

test('CVE-2026-42274 (Heimdall), CVE-2026-27587, CVE-2026-27588 (Caddy): no spelling of a path or a host opens a closed host', async (t) => {
  const { world, browser, statusOf } = await openRaw(t);
  const { id } = await world.addPartner({ slug: 'globex', name: 'Globex', policy: 'off' });
  await browser.signInAt(`${APP_ORIGIN}/`);
  const cookie = `Cookie: __Host-sallyport-site=${browser.jarOf(APP).get('__Host-sallyport-site')}`;
  const asked = (path: string, host = APP) =>
    statusOf('/forward-auth/redirect', cookie, `X-Forwarded-Host: ${host}`, `X-Forwarded-Uri: ${path}`);
  const paths = [
    ...[
      '/Private',
      '/PRIVATE',
      '/%50rivate',
      '/public/..%2fprivate',
      '/public/../private',
      '//private',
      '/private;a=b',
    ],
    ...['/.SALLYPORT/sign-out', '/%2esallyport/return', '/.sallyport%2freturn', '/.sallyport/../private'],
  ];
  for (const path of paths) assert.equal(await asked(path), 200, `${path} while the host is open`);
  await world.env.db.transaction((tx) => tx.updateTable('sites').set({ partner_ids: id }).execute());
  for (const path of paths) assert.equal(await asked(path), 403, path);
  for (const host of [APP.toUpperCase(), `${APP}:443`]) assert.equal(await asked('/', host), 403, host);
  for (const host of [`${APP}.`, `${APP}:8443`, `${APP}%00`]) {
    assert.ok([400, 403].includes(await asked('/', host)), host);
  }
});

test('CVE-2026-35051, CVE-2026-54764 (Traefik): a prefix and a port that somebody sent lead nowhere else', async (t) => {
  const { world } = await openPortal(t);
  for (const headers of [
    { 'x-forwarded-prefix': '//evil.example' },
    { 'x-forwarded-port': '666' },
    { 'x-forwarded-port': '443@evil.example' },
    { 'x-forwarded-server': 'evil.example', 'x-forwarded-path': '//evil.example', 'x-original-url': '//evil.example' },
    { forwarded: 'host=evil.example', 'x-rewrite-url': '/public' },
  ] as Record<string, string>[]) {
    const browser = openBrowser(world);
    await browser.own.signIn('ana@acme.example');
    const { location = '' } = await ask(browser, { 'x-forwarded-uri': '/reports', ...headers });
    assert.equal((await browser.follow(location)).url, `${APP_ORIGIN}/reports`, JSON.stringify(headers));
  }
});
