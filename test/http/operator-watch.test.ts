import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { show } from '#http/pages/reply.ts';
import { page } from '#http/route.ts';
import { listen } from '#http/server/listen.ts';
import { createOperatorWatch, OPERATOR_TROUBLES, type OperatorTrouble } from '#http/server/operator-watch.ts';
import { openServer } from './server.ts';

const ROUTES = [
  page({ method: 'GET', path: '/note', guard: 'public', handle: () => show('x') }),
  page({ method: 'POST', path: '/note', guard: 'public', handle: () => show('x') }),
];

async function open(environment: Record<string, string> = {}) {
  const server = await openServer(ROUTES, { environment });
  const reasons = async () => JSON.parse(await (await server.get('/readyz')).text()).reasons;
  const warnings = (trouble: OperatorTrouble) =>
    server.lines.filter((line) => line.includes(OPERATOR_TROUBLES[trouble]));
  return { ...server, reasons, warnings };
}

const BEHIND_ONE = { SALLYPORT_TRUSTED_PROXIES: '1' };

describe('a refusal for which the operator is the one to act', () => {
  const forwarded: readonly [string, OperatorTrouble, Record<string, string>][] = [
    ['X-Forwarded-For is missing', 'forwarded_for_missing', {}],
    ['X-Forwarded-For is empty', 'forwarded_for_missing', { 'x-forwarded-for': '' }],
    ['X-Forwarded-For names nobody', 'forwarded_for_unreadable', { 'x-forwarded-for': 'unknown' }],
  ];
  for (const [what, trouble, headers] of forwarded) {
    it(`is told once in the log and in /readyz: ${what}`, async () => {
      const { get, reasons, warnings } = await open(BEHIND_ONE);
      assert.deepEqual(await reasons(), []);
      for (let times = 0; times < 3; times++) assert.equal((await get('/note', {}, headers)).status, 400);
      assert.deepEqual(await reasons(), [trouble]);
      assert.equal(warnings(trouble).length, 1);
      await get('/note', {}, { 'x-forwarded-for': '203.0.113.7:51008' });
      assert.deepEqual(await reasons(), [trouble], 'the other proxy still writes it');
    });
  }

  it('is told when the scheme that the proxy saw is not that of the public URL, until it is', async () => {
    const { get, reasons, warnings } = await open(BEHIND_ONE);
    const from = { 'x-forwarded-for': '203.0.113.7' };
    await get('/note', {}, { ...from, 'x-forwarded-proto': 'http' });
    assert.deepEqual(await reasons(), ['forwarded_proto_differs']);
    assert.equal(warnings('forwarded_proto_differs').length, 1);
    await get('/note', {}, { ...from, 'x-forwarded-proto': 'http, https' });
    assert.deepEqual(await reasons(), []);
  });

  const origins: readonly [string, OperatorTrouble, Record<string, string>][] = [
    ['people use another address', 'origin_differs', { origin: 'https://portal.example.com' }],
    ['a proxy takes Origin and Sec-Fetch-Site away', 'origin_hidden', { origin: 'null' }],
  ];
  for (const [what, trouble, headers] of origins) {
    it(`is told when forms are refused because ${what}, until one gets by`, async () => {
      const { post, reasons, warnings } = await open();
      assert.equal((await post('/note', {}, {}, headers)).status, 403);
      assert.deepEqual(await reasons(), [trouble]);
      assert.equal(warnings(trouble).length, 1);
      await post('/note', {});
      assert.deepEqual(await reasons(), []);
    });
  }

  it('is told when no request comes for the host of the public URL', async () => {
    const { env, app, reasons, warnings } = await open({ PORT: '0' });
    const listening = await listen(env, app);
    const ask = (path: string, host: string) =>
      raw(Number(new URL(listening.url).port), `GET ${path} HTTP/1.1\r\nHost: ${host}`);
    assert.match(await ask('/note', '10.0.0.7:3000'), /^HTTP\/1\.1 421 /);
    assert.match(await ask('/healthz', 'sign-in.example.com'), /^HTTP\/1\.1 200 /);
    assert.deepEqual(await reasons(), ['host_unknown'], 'health is asked for under any name and says nothing');
    assert.match(warnings('host_unknown').join(), /10\.0\.0\.7:3000/);
    assert.match(await ask('/note', 'sign-in.example.com'), /^HTTP\/1\.1 200 /);
    assert.deepEqual(await reasons(), [], 'it was a stranger');
    await listening.close();
  });

  it('is none where several lines of X-Forwarded-For come, as one proxy after the other writes them', async () => {
    const { env, app, reasons } = await open({ ...BEHIND_ONE, PORT: '0' });
    const listening = await listen(env, app);
    const lines = ['X-Forwarded-For: spoofed', 'X-Forwarded-For: "[2001:db8::1]:443"', 'Host: sign-in.example.com'];
    const answer = await raw(Number(new URL(listening.url).port), ['GET /note HTTP/1.1', ...lines].join('\r\n'));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual(await reasons(), []);
    await listening.close();
  });

  it('is told again after ten minutes, and no longer shown then', () => {
    const said: object[] = [];
    const clock = { at: 1_000 };
    const log = { warn: (facts: object) => void said.push(facts) } as Parameters<typeof createOperatorWatch>[0]['log'];
    const watch = createOperatorWatch({ now: () => clock.at, log });
    watch.note('host_unknown', 'x'.repeat(5_000));
    clock.at += 599;
    watch.note('host_unknown');
    assert.equal(said.length, 1);
    assert.ok(JSON.stringify(said).length < 200);
    clock.at += 1;
    watch.note('host_unknown');
    assert.equal(said.length, 2);
    clock.at += 600;
    assert.deepEqual(watch.troubles(), []);
    clock.at -= 10_000;
    watch.note('host_unknown');
    assert.deepEqual(watch.troubles(), ['host_unknown'], 'a clock that was set back hides nothing');
    assert.equal(said.length, 3);
  });
});

function raw(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}\r\nConnection: close\r\n\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
  });
}
