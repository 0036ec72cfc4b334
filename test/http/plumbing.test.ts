import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { loadKeyRing } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { createApp, routeTable } from '#http/app.ts';
import { canonicalAddress, clientAddress } from '#http/client.ts';
import { formTokenFits, makeFormToken } from '#http/pages/form.ts';
import { show } from '#http/pages/reply.ts';
import { parseJson } from '#http/parse.ts';
import { page } from '#http/route.ts';
import { assetPath } from '#ui/assets.ts';
import { openServer } from './server.ts';

const addresses: string[] = [];
const PAGE = page({
  method: 'GET',
  path: '/note',
  guard: 'public',
  handle: ({ client }) => {
    addresses.push(String(client.address));
    return show('x');
  },
});

describe('the address of a client', () => {
  it('is the peer’s when no proxy is trusted, whatever is forwarded', () => {
    assert.deepEqual(clientAddress('::ffff:192.0.2.7', '203.0.113.9', 0), { address: '192.0.2.7' });
    assert.deepEqual(clientAddress('fe80::1%eth0', null, 0), { address: 'fe80::1' });
  });

  it('is the n-th from the right behind n trusted proxies', () => {
    const forwarded = '198.51.100.1, 203.0.113.9,192.0.2.8';
    assert.deepEqual(clientAddress('10.0.0.1', forwarded, 1), { address: '192.0.2.8' });
    assert.deepEqual(clientAddress('10.0.0.1', forwarded, 2), { address: '203.0.113.9' });
  });

  for (const forwarded of [
    null,
    '',
    'a',
    'x'.repeat(10_240),
    '[::1%eth0]',
    '::1%eth0',
    '[fe80::1%eth0]:443',
    '192.0.2.1:',
    '192.0.2.1:99999',
    '192.0.2.1:80:80',
    '[192.0.2.1]:80',
    '[2001:db8::1',
    '2001:db8::1]:443',
    '"192.0.2.1',
    '"[2001:db8::1]":443',
    '[]:443',
    'unknown',
    '_hidden',
    'localhost:80',
    '192.0.2.1 80',
    '1.2.3.4.',
    '1.2.3',
    '1.2.3.4,',
  ]) {
    it(`is unknown behind a proxy that says ${String(forwarded).slice(0, 12)}`, () => {
      assert.deepEqual(clientAddress('10.0.0.1', forwarded, 1), { unknown: true });
    });
  }

  it('is read with the port, the brackets and the quotes that proxies write', () => {
    for (const [entry, address] of [
      ['203.0.113.7:51008', '203.0.113.7'],
      ['"203.0.113.7:51008"', '203.0.113.7'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['"[2001:db8::1]:443"', '2001:db8::1'],
      ['[2001:DB8:0::1]', '2001:db8::1'],
      ['2001:db8::1', '2001:db8::1'],
      ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ] as const) {
      assert.deepEqual(clientAddress('10.0.0.1', entry, 1), { address }, entry);
      assert.deepEqual(clientAddress('10.0.0.1', `spoofed,  ${entry} `, 1), { address }, entry);
      assert.deepEqual(clientAddress('10.0.0.1', `${entry} , 10.0.0.2:80`, 2), { address }, entry);
    }
  });

  it('is unknown when fewer hops wrote than are trusted', () => {
    assert.deepEqual(clientAddress('10.0.0.1', '192.0.2.8', 2), { unknown: true });
  });

  it('has one text', () => {
    assert.equal(canonicalAddress('0:0:0:0:0:ffff:7f00:1'), '127.0.0.1');
    assert.equal(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
    assert.equal(canonicalAddress('127.1'), undefined);
  });

  it('refuses requests with 400 behind a proxy that does not say it', async () => {
    const { get } = await openServer([PAGE], { environment: { SALLYPORT_TRUSTED_PROXIES: '1' } });
    assert.equal((await get('/note')).status, 400);
    assert.equal((await get('/note', {}, { 'x-forwarded-for': '203.0.113.9' })).status, 200);
    assert.equal(addresses.at(-1), '203.0.113.9');
    assert.equal((await get('/healthz')).status, 200);
  });
});

describe('health', () => {
  it('is alive and ready, and warns once of a forwarded header nobody trusts', async () => {
    const durability = { level: 'none', text: 'a database that ends with the process' } as const;
    const { get, lines } = await openServer([PAGE], { db: { durability: async () => durability } });
    assert.deepEqual(await (await get('/healthz')).json(), { status: 'ok', reasons: [] });
    assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready', reasons: [], durability });
    for (let i = 0; i < 3; i++) await get('/note', {}, { 'x-forwarded-host': 'evil.example' });
    const ready = await get('/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), { status: 'ready', reasons: ['forwarded_header_ignored'], durability });
    assert.equal(lines.filter((line) => line.includes('SALLYPORT_TRUSTED_PROXIES')).length, 1);
  });

  it('is not ready with the reason of the database, and still alive', async () => {
    const { get } = await openServer([PAGE], { db: { problem: async () => 'storage unavailable' } });
    const response = await get('/readyz');
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { status: 'unavailable', reasons: ['storage unavailable'] });
    assert.equal((await get('/healthz')).status, 200);
  });
});

describe('a static file', () => {
  it('keeps for good under the address of its content, and is asked about elsewhere', async () => {
    const { get } = await openServer([]);
    const kept = await get(assetPath('style.css'));
    assert.equal(kept.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match(kept.headers.get('content-type') ?? '', /^text\/css/);
    const asked = await get('/assets/style.css?v=old');
    assert.match(asked.headers.get('cache-control') ?? '', /must-revalidate/);
    const known = await get('/assets/style.css', {}, { 'if-none-match': asked.headers.get('etag') ?? '' });
    assert.equal(known.status, 304);
    assert.equal(await known.text(), '');
  });

  it('is compressed as the browser takes it', async () => {
    const { get } = await openServer([]);
    const plain = Buffer.from(await (await get('/assets/style.css')).arrayBuffer());
    const fetchAs = async (coding: string) => {
      const response = await get('/assets/style.css', {}, { 'accept-encoding': coding });
      return { coding: response.headers.get('content-encoding'), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const br = await fetchAs('gzip, br');
    assert.equal(br.coding, 'br');
    assert.deepEqual(brotliDecompressSync(br.bytes), plain);
    const gzip = await fetchAs('gzip, br;q=0');
    assert.equal(gzip.coding, 'gzip');
    assert.deepEqual(gunzipSync(gzip.bytes), plain);
    assert.equal((await fetchAs('identity')).coding, null);
  });

  it('comes from settings as /brand.css and /logo', async () => {
    const { get, env } = await openServer([], { environment: { SALLYPORT_ACCENT_HUE: '123' } });
    assert.match(await (await get('/brand.css')).text(), /123/);
    assert.equal((await get('/logo')).status, 404);
    const logo = { bytes: Buffer.from('<svg></svg>'), type: 'image/svg+xml' as const };
    const app = createApp({ ...env, config: { ...env.config, logo } }, []);
    const response = await app.fetch(new Request('https://sign-in.example.com/logo'));
    assert.match(response.headers.get('content-security-policy') ?? '', /sandbox/);
  });

  for (const path of [
    '/assets/',
    '/assets/..%2fpackage.json',
    '/assets/%2e%2e/package.json',
    '/assets/nothing.css',
    '/assets/a/b',
  ]) {
    it(`is 404 at ${path}`, async () => {
      const { get } = await openServer([]);
      assert.equal((await get(path)).status, 404);
    });
  }
});

describe('a form token', () => {
  it('made with an older key of the ring still fits', () => {
    const [old, fresh] = [1, 2].map((n) => `k${n}:${randomBytes(32).toString('base64')}`);
    const before = loadKeyRing(String(old));
    const after = loadKeyRing(`${fresh},${old}`);
    const without = loadKeyRing(String(fresh));
    if ('problem' in before || 'problem' in after || 'problem' in without) throw new Error('no ring');
    const token = makeFormToken(before, 'cookie', 'id', 'page');
    assert.equal(formTokenFits(after, 'cookie', 'id', token), true);
    assert.equal(formTokenFits(after, 'cookie', undefined, token), true);
    assert.equal(formTokenFits(without, 'cookie', 'id', token), false);
    assert.equal(formTokenFits(after, 'cookie', 'other', token), false);
  });

  it('made before sign-in opens nothing that is bound to an id', () => {
    const ring = loadKeyRing(`k1:${randomBytes(32).toString('base64')}`);
    if ('problem' in ring) throw new Error('no ring');
    for (const token of [makeFormToken(ring, 'cookie', undefined, 'page'), '.', '', undefined]) {
      assert.equal(formTokenFits(ring, 'cookie', 'id', token), false);
    }
  });
});

describe('JSON', () => {
  const bad = ['{"__proto__":1}', '{"a":[{"constructor":1}]}', '{"prototype":{}}', '[[[[[[[[[]]]]]]]]]', '[', '\u0000'];
  for (const text of bad) {
    it(`is refused before any declaration sees it: ${JSON.stringify(text)}`, () => {
      assert.ok('refused' in parseJson(Buffer.from(text)));
    });
  }

  it('is taken eight deep', () => {
    assert.ok('value' in parseJson(Buffer.from('[[[[[[[[]]]]]]]]')));
  });
});

describe('the table of routes', () => {
  it('lists what is served beside the features too', () => {
    const rows = routeTable([PAGE]);
    assert.deepEqual(rows[0], { method: 'GET', path: '/note', guard: 'public' });
    for (const path of ['/healthz', '/readyz', '/assets/:file', '/brand.css', '/logo', '/api/v1/openapi.json']) {
      assert.ok(
        rows.some((row) => row.path === path),
        path,
      );
    }
  });
});
