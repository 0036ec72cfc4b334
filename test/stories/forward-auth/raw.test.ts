import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type Listening, listen } from '#http/server/listen.ts';
import { APP, APP_ORIGIN, openPortal } from './forward-auth-story.ts';

/** The status for exactly these bytes. */
function statusOf({ url }: Listening, ...lines: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])));
    socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  });
}

async function openListening(t: Parameters<typeof openPortal>[0]) {
  const portal = await openPortal(t, { environment: { PORT: '0' } });
  await portal.browser.signInAt(`${APP_ORIGIN}/`);
  const listening = await listen(portal.world.env, portal.world.app);
  t.after(() => listening.close());
  const cookie = `Cookie: __Host-sallyport-site=${portal.browser.jarOf(APP).get('__Host-sallyport-site')}`;
  return { ...portal, listening, cookie };
}

// https://doc.traefik.io/traefik/middlewares/http/forwardauth/: GET at the address, whose host is in Host.
test('the request of Traefik is answered, under the name of its address', async (t) => {
  const { listening, cookie } = await openListening(t);
  const forwarded = [
    ...['X-Forwarded-Method: POST', 'X-Forwarded-Proto: https', `X-Forwarded-Host: ${APP}`, 'X-Forwarded-Port: 443'],
    ...['X-Forwarded-Uri: /reports?month=3', 'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Server: traefik'],
  ];
  const asked = (host: string, ...more: string[]) =>
    statusOf(listening, 'GET /forward-auth/redirect HTTP/1.1', `Host: ${host}`, ...forwarded, ...more);
  assert.equal(
    await asked('sign-in.example.com:3000', cookie),
    200,
    'our name inside the network, with the port of inside',
  );
  assert.equal(await asked('sign-in.example.com:3000', 'Accept: text/html'), 303);
  assert.equal(await asked('sallyport:3000', cookie), 421, 'a name that is nobody’s');
  assert.equal(
    await asked(APP, cookie, 'X-Forwarded-Prefix: /healthz'),
    200,
    'CVE-2026-35051: a prefix says nothing here',
  );
  const aliases = ['X_Sallyport_User: forged', 'X.Sallyport.User: forged', 'X_Forwarded_Host: evil.example'];
  assert.equal(await asked(APP, ...aliases), 401, 'CVE-2026-39858: aliases say nothing here');
});

// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto
test('the request of Envoy is answered with any method, and by its own path alone', async (t) => {
  const { listening, cookie } = await openListening(t);
  const asked = (line: string, ...more: string[]) =>
    statusOf(listening, `${line} HTTP/1.1`, `Host: ${APP}`, 'X-Forwarded-Proto: https', ...more);
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    const line = `${method} /forward-auth/envoy/reports?month=3`;
    assert.equal(await asked(line, cookie, 'Content-Length: 0'), 200, method);
    assert.equal(await asked(line, 'Content-Length: 0'), 401, method);
  }
  const paths = [
    ...['/../../healthz', '/../../assets/style.css', '/..', '/a/../../../healthz', '/%2e%2e/%2e%2e/healthz'],
    ...['/.%2e/%2E./healthz', '/./x', '/\\..\\..\\healthz'],
  ];
  for (const path of paths) {
    assert.equal(
      await asked(`GET /forward-auth/envoy${path}`),
      400,
      `${path} leads to another route, which answers 200`,
    );
  }
  for (const path of [
    '//healthz',
    '/healthz',
    '/readyz',
    '/..%2f..%2fhealthz',
    '/.sallyport/sign-out',
    '/a?x=/../../healthz',
  ]) {
    assert.equal(await asked(`GET /forward-auth/envoy${path}`), 401, path);
  }
});

test('a header of a proxy that is on two lines is refused', async (t) => {
  const { listening, cookie } = await openListening(t);
  const lines = [`X-Forwarded-Host: ${APP}`, 'X-Forwarded-Proto: https', 'X-Forwarded-Uri: /'];
  const asked = (...more: string[]) =>
    statusOf(listening, 'GET /forward-auth/nginx HTTP/1.1', `Host: ${APP}`, cookie, ...lines, ...more);
  assert.equal(await asked(), 200);
  for (const line of [
    ...lines,
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Uri: /public',
  ]) {
    assert.equal(await asked(line), 400, line);
  }
  assert.equal(await asked('X-Forwarded-Method: GET', 'X-Forwarded-Method: POST'), 400);
  assert.equal(await asked(cookie), 400, 'and so is a cookie: one of the two was planted');
});

test('another host is served at these paths alone', async (t) => {
  const { listening, cookie } = await openListening(t);
  const asked = (path: string, host = APP) =>
    statusOf(listening, `GET ${path} HTTP/1.1`, `Host: ${host}`, cookie, 'X-Forwarded-For: 192.0.2.7');
  const others = [
    '/',
    '/sign-in',
    '/api/v1/session',
    '/forward-auth/begin',
    '/forward-auth/continue/x',
    '/forward-auth/nginxx',
  ];
  for (const path of others) assert.equal(await asked(path), 421, path);
  assert.equal(await asked('/.sallyport/sign-out'), 200);
  assert.equal(await asked('/.sallyport/none'), 404);
  for (const host of ['evil.example', `${APP}.`, `${APP}:444`, `${APP}/x`, `x@${APP}`]) {
    assert.equal(await asked('/.sallyport/sign-out', host), 421, host);
  }
  assert.equal(await asked('/.sallyport/sign-out', `${APP.toUpperCase()}:443`), 200);
});
