import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listen } from '#http/server/listen.ts';
import { ROUTES } from '../../../src/routes.ts';
import { png } from '../../pictures.ts';
import { openWorld } from '../../world.ts';
import { makeKey } from '../management-api/management-story.ts';
import { deployed, startDeployed } from './deployed.ts';
import { freePort } from './servers.ts';

const MEBIBYTE = 1024 * 1024;
/** What the service reads of any other request. */
const PLAIN_BYTES = 64 * 1024;

/** The routes that read more than the others, and how much. */
const UPLOADS = ROUTES.flatMap((route) => {
  const bytes = route.channel === 'page' ? route.uploadBytes : route.channel === 'api' ? route.bodyBytes : undefined;
  return bytes === undefined ? [] : [{ path: route.path.replaceAll(/:\w+/g, 'some-id'), bytes }];
});

/** What nginx lets through at each address that it names, and in general. */
function limits() {
  const file = deployed('nginx.conf');
  const places = [...file.matchAll(/location (=|~) (\S+) \{\s+client_max_body_size (\d+)m;\s+proxy_pass/g)];
  const [, general] = /^ {2}client_max_body_size (\d+)k;/m.exec(file) ?? [];
  assert.equal(file.match(/client_max_body_size/g)?.length, places.length + 1, 'a limit in another form');
  return {
    general: Number(general) * 1024,
    places: places.map(([, kind, at = '', megabytes]) => ({
      at,
      fits: (path: string) => (kind === '=' ? path === at : new RegExp(at).test(path)),
      bytes: Number(megabytes) * MEBIBYTE,
    })),
  };
}

test('nginx.conf lets through what the service reads: everywhere, and more at the addresses that take files', () => {
  const { general, places } = limits();
  assert.equal(general, PLAIN_BYTES);
  assert.ok(UPLOADS.length >= 7);
  for (const { path, bytes } of UPLOADS) {
    const [place, ...others] = places.filter(({ fits }) => fits(path));
    assert.ok(place && others.length === 0, `${path} has one location`);
    assert.ok(place.bytes >= bytes && place.bytes < bytes + 1.5 * MEBIBYTE, `${path}: ${place.bytes} for ${bytes}`);
  }
  for (const { at, fits } of places)
    assert.ok(
      UPLOADS.some(({ path }) => fits(path)),
      `${at} takes no files`,
    );
  const larger = new Set(UPLOADS.map(({ path }) => path));
  const plain = ROUTES.map(({ path }) => path.replaceAll(/:\w+/g, 'some-id')).filter((path) => !larger.has(path));
  assert.deepEqual(
    plain.filter((path) => places.some(({ fits }) => fits(path))),
    [],
  );
});

type Sent = { readonly type?: string; readonly key?: string };

async function openBehind(t: TestContext, name: 'nginx' | 'caddy') {
  const ports = { proxy: await freePort(), sallyport: await freePort() };
  const world = await openWorld(t, { environment: { SALLYPORT_TRUSTED_PROXIES: '1', PORT: String(ports.sallyport) } });
  const listening = await listen(world.env, world.app);
  t.after(() => listening.close());
  await startDeployed(t, name, ports);
  const post = (path: string, body: Buffer | string, { type = 'text/plain', key }: Sent = {}) =>
    new Promise<{ status: number; isOurs: boolean; text: string }>((resolve, reject) => {
      const headers = {
        host: 'sign-in.example.com',
        origin: 'https://sign-in.example.com',
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        ...(key && { authorization: `Bearer ${key}` }),
      };
      const sent = request({ port: ports.proxy, host: '127.0.0.1', method: 'POST', path, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        const isOurs = answer.headers['x-request-id'] !== undefined;
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, isOurs, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { world, post };
}

for (const name of ['nginx', 'caddy'] as const) {
  test(`behind ${name} a logo of 250 KiB and a CSV of 900 KiB arrive, and nothing large arrives elsewhere`, async (t) => {
    const { world, post } = await openBehind(t, name);
    const partner = await world.addPartner();
    const { key } = await makeKey(world, ['partners:read', 'partners:write']);
    const json = { type: 'application/json', key };
    const logo = png({ width: 64 });
    const image = Buffer.concat([logo, Buffer.alloc(250 * 1024 - logo.length)]).toString('base64');
    const look = await post(
      `/api/v1/partners/${partner.id}/look/logo`,
      JSON.stringify({ scheme: 'light', image }),
      json,
    );
    assert.deepEqual([look.status, /\/logo\/[\w-]{16}/.test(look.text)], [200, true], look.text);
    const csv = `slug,policy\n${`${'x'.repeat(80)},off\n`.repeat(10_000)}`;
    const checked = await post('/api/v1/bulk-jobs', JSON.stringify({ csv, reason: 'try', dryRun: true }), json);
    assert.deepEqual([checked.status, JSON.parse(checked.text).rows], [200, 10_000], checked.text.slice(0, 300));

    for (const { path, bytes } of UPLOADS) {
      const { isOurs, text } = await post(path, Buffer.alloc(bytes - 1, 'x'));
      assert.ok(isOurs, `${path} reaches the service: ${text.slice(0, 200)}`);
    }
    for (const path of ['/sign-in', '/api/v1/sign-in', '/console/partners/new', '/console/import/some-id']) {
      const { status, isOurs } = await post(path, Buffer.alloc(PLAIN_BYTES + 1, 'x'));
      // Caddy passes everything on. The service then asks first who is there, and reads nothing of a stranger.
      if (name === 'nginx') assert.deepEqual([status, isOurs], [413, false], path);
      else assert.ok(isOurs && [401, 405, 413].includes(status), `${path}: ${status}`);
    }
  });
}
