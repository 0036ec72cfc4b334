import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { seeOther, show } from '#http/pages/reply.ts';
import { api, page } from '#http/route.ts';
import { type Listening, listen } from '#http/server/listen.ts';
import { openServer } from './server.ts';

const HOST = 'Host: sign-in.example.com';
let served = 0;

const ROUTES = [
  page({
    method: 'GET',
    path: '/note',
    guard: 'public',
    handle: () => {
      served += 1;
      return show('x');
    },
  }),
  page({ method: 'GET', path: '/slow', guard: 'public', handle: () => wait(1500).then(() => show('late')) }),
  page({ method: 'POST', path: '/note', guard: 'public', handle: () => seeOther('/') }),
  api({
    ...{ method: 'POST', path: '/api/v1/sign-in', guard: 'public', summary: '', refusals: [] },
    body: z.strictObject({ email: z.string() }),
    answer: z.object({ state: z.string() }),
    handle: async () => ({ state: 'complete' }),
  }),
];

let listening: Listening;
let port: number;
before(async () => {
  const { env, app } = await openServer(ROUTES, { environment: { PORT: '0' } });
  listening = await listen(env, app);
  port = Number(new URL(listening.url).port);
});
after(() => listening.close());

/** The answer to these bytes, until the server closes or a second has passed. */
function raw(...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
    socket.setTimeout(1000, () => socket.destroy());
    for (const part of parts) socket.write(part);
  });
}

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;

describe('C16 T16.1 a request as raw bytes on a socket', () => {
  it('is answered, with a body of counted length and no word about the server', async () => {
    const answer = await raw(lines('GET /note HTTP/1.1', HOST, 'Connection: close'));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(answer, /^(server|x-powered-by):/im);
  });

  const refused: [string, number, string[]][] = [
    ['two hosts', 421, ['GET /note HTTP/1.1', HOST, HOST]],
    ['two different hosts', 421, ['GET /note HTTP/1.1', HOST, 'Host: evil.example']],
    ['no host', 421, ['GET /note HTTP/1.1']],
    ['another host', 421, ['GET /note HTTP/1.1', 'Host: evil.example']],
    ['our host with a user', 421, ['GET /note HTTP/1.1', 'Host: sign-in.example.com:80@evil.example']],
    ['another port', 421, ['GET /note HTTP/1.1', `${HOST}:8443`]],
    ['a whole URL as target', 400, ['GET http://sign-in.example.com/note HTTP/1.1', HOST]],
    ['a foreign URL as target', 400, ['GET http://evil.example/note HTTP/1.1', HOST]],
    ['a star as target', 400, ['OPTIONS * HTTP/1.1', HOST]],
    ['a backslash in the target', 400, ['GET /\\evil.example HTTP/1.1', HOST]],
    ['TRACE', 405, ['TRACE /note HTTP/1.1', HOST]],
    ['CONNECT', 405, ['CONNECT evil.example:443 HTTP/1.1', HOST]],
    ['HTTP/0.9', 400, ['GET /note']],
    [
      'two Authorization headers',
      400,
      ['GET /note HTTP/1.1', HOST, 'Authorization: Bearer a', 'Authorization: Bearer b'],
    ],
    ['length and chunks', 400, ['POST /note HTTP/1.1', HOST, 'Content-Length: 3', 'Transfer-Encoding: chunked']],
    ['two lengths', 400, ['POST /note HTTP/1.1', HOST, 'Content-Length: 3', 'Content-Length: 4']],
    ['a space before the colon', 400, ['POST /note HTTP/1.1', HOST, 'Transfer-Encoding : chunked']],
    ['a folded header', 400, ['GET /note HTTP/1.1', HOST, 'X-A: 1', ' 2']],
    ['headers of 40 kB', 431, ['GET /note HTTP/1.1', HOST, `X-A: ${'x'.repeat(40_000)}`]],
    ['an address of 40 kB', 431, [`GET /${'x'.repeat(40_000)} HTTP/1.1`, HOST]],
    ['an unknown expectation', 417, ['GET /note HTTP/1.1', HOST, 'Expect: miracles', 'Connection: close']],
  ];
  for (const [what, status, request] of refused) {
    it(`is refused with ${status} for ${what}`, async () => {
      const before = served;
      const answer = await raw(lines(...request));
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.equal(served, before);
      if (status !== 417) assert.match(answer, /application\/problem\+json[\s\S]*"requestId"/);
    });
  }

  it('may ask for health under any name', async () => {
    assert.match(await raw(lines('GET /healthz HTTP/1.1', 'Host: 10.0.0.7:3000', 'Connection: close')), / 200 /);
    assert.match(await raw(lines('GET /readyz HTTP/1.1', 'Host: evil.example', 'Connection: close')), / 200 /);
  });

  it('may ask for health without a name, and gets no 5xx for one that is none', async () => {
    assert.match(await raw(lines('GET /healthz HTTP/1.0')), / 200 /);
    const odd = await raw(lines('GET /healthz HTTP/1.1', 'Host: a b<c', 'Connection: close'));
    assert.match(odd, /^HTTP\/1\.1 400 [\s\S]*invalid_request/);
  });

  it('may spell our host in capitals and with the port of https', async () => {
    const answer = await raw(lines('GET /note HTTP/1.1', 'Host: SIGN-IN.example.com:443', 'Connection: close'));
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  it('may ask for health with OPTIONS, and for nothing else', async () => {
    assert.match(
      await raw(lines('OPTIONS /healthz HTTP/1.1', 'Host: 10.0.0.7', 'Connection: close')),
      /^HTTP\/1\.1 200 /,
    );
    assert.match(await raw(lines('OPTIONS /readyz HTTP/1.0')), /^HTTP\/1\.1 200 /);
    assert.match(await raw(lines('OPTIONS /note HTTP/1.1', HOST, 'Connection: close')), /^HTTP\/1\.1 405 /);
  });

  it('is led to our host from the same with the dot of a whole name', async () => {
    const dot = 'Host: Sign-In.example.com.';
    const led = await raw(lines('GET /note?a=b HTTP/1.1', dot));
    assert.match(led, /^HTTP\/1\.1 308 [\s\S]*\r\nlocation: https:\/\/sign-in\.example\.com\/note\?a=b\r\n/i);
    assert.match(
      await raw(lines('GET //evil.example/ HTTP/1.1', `${dot}:443`)),
      /location: https:\/\/sign-in\.example\.com\/\/evil/i,
    );
    assert.match(await raw(lines('POST /note HTTP/1.1', dot, 'Content-Length: 0')), /^HTTP\/1\.1 421 /);
    for (const host of ['evil.example.', 'sign-in.example.com..', '.', '']) {
      assert.match(await raw(lines('GET /note HTTP/1.1', `Host: ${host}`)), /^HTTP\/1\.1 421 /, host);
    }
  });

  const browser = ['Accept: text/html,application/xhtml+xml', 'Accept-Language: de-DE,de;q=0.9'];

  it('from a browser at another address gets a page that names ours', async () => {
    const answer = await raw(lines('GET /sign-in HTTP/1.1', 'Host: 127.0.0.1:3000', ...browser));
    assert.match(answer, /^HTTP\/1\.1 421 [\s\S]*content-type: text\/html[\s\S]*<html lang="de">/i);
    assert.match(answer, /<a class="button primary" href="https:\/\/sign-in\.example\.com\/">/);
    assert.doesNotMatch(answer, /127\.0\.0\.1|<form|set-cookie/i);
    const style = /href="(\/assets\/style\.css[^"]*)"/.exec(answer)?.[1];
    assert.match(await raw(lines(`GET ${style} HTTP/1.1`, 'Host: 127.0.0.1:3000', 'Connection: close')), / 200 /);
    for (const path of ['/api/v1/session', '/sign-in']) {
      const accept = path === '/sign-in' ? 'Accept: */*' : browser.join('\r\n');
      assert.match(
        await raw(lines(`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', accept)),
        /^HTTP\/1\.1 421 [\s\S]*problem\+json/,
      );
    }
  });

  it('carries the cookies of other applications on the host', async () => {
    const cookies = Array.from({ length: 60 }, (_, number) => `other-${number}=${'x'.repeat(400)}`).join('; ');
    assert.match(await raw(lines('GET /note HTTP/1.1', HOST, `Cookie: ${cookies}`, 'Connection: close')), / 200 /);
  });

  it('from a browser with more cookies than a request may have gets a page that says so', async () => {
    const cookies = `Cookie: ${'other=x; '.repeat(6_000)}`;
    const whole = await raw(lines('GET /note HTTP/1.1', HOST, ...browser, cookies));
    assert.match(whole, /^HTTP\/1\.1 431 [\s\S]*content-type: text\/html[\s\S]*<html lang="de">/i);
    assert.doesNotMatch(whole, /other=x/);
    const call = await raw(lines('GET /api/v1/session HTTP/1.1', HOST, ...browser, cookies));
    assert.match(call, /^HTTP\/1\.1 431 [\s\S]*problem\+json/);
  });

  it('may say that its body is not encoded, and name UTF-8 without its hyphen', async () => {
    const body = '{"email":"a"}';
    const head = ['POST /api/v1/sign-in HTTP/1.1', HOST, `Content-Length: ${body.length}`, 'Connection: close'];
    for (const type of ['application/json; charset=utf8', 'Application/JSON;charset="UTF8"']) {
      const same = [`Content-Type: ${type}`, 'Content-Encoding: Identity'];
      assert.match(await raw(lines(...head, ...same), body), /"complete"/, type);
    }
    for (const wrong of [
      'Content-Encoding: gzip',
      'Content-Encoding: identity, gzip',
      'Content-Type: application/json; charset=latin1',
    ]) {
      const sent = wrong.startsWith('Content-Type') ? [wrong] : ['Content-Type: application/json', wrong];
      assert.match(await raw(lines(...head, ...sent), body), /^HTTP\/1\.1 415 /, wrong);
    }
  });

  const json = ['Content-Type: application/json', 'Connection: close'];
  const post = ['POST /api/v1/sign-in HTTP/1.1', HOST, ...json];

  it('is read with a length, in chunks, and after 100-continue', async () => {
    const body = '{"email":"a"}';
    const length = `Content-Length: ${body.length}`;
    assert.match(await raw(lines(...post, length), body), /"complete"/);
    const chunks = `${body.length.toString(16)};x=1\r\n${body}\r\n0\r\nAuthorization: Bearer a\r\n\r\n`;
    assert.match(await raw(lines(...post, 'Transfer-Encoding: chunked'), chunks), /"complete"/);
    assert.match(await raw(lines(...post, length, 'Expect: 100-continue'), body), / 100 Continue[\s\S]*"complete"/);
  });

  it('is refused with 413 as soon as its body is too large, announced or not', async () => {
    const announced = await raw(lines(...post, 'Content-Length: 11000000'));
    assert.match(announced, /^HTTP\/1\.1 413 [\s\S]*payload_too_large/);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const counted = await raw(lines(...post, 'Transfer-Encoding: chunked'), chunk, '1\r\nx\r\n');
    assert.match(counted, /^HTTP\/1\.1 413 [\s\S]*payload_too_large/);
  });

  it('leaves the server alive when it ends in the middle of its body', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(lines(...post, 'Content-Length: 50'));
    await wait(50);
    socket.destroy();
    assert.match(await raw(lines('GET /note HTTP/1.1', HOST, 'Connection: close')), / 200 /);
  });
});

describe('closing', () => {
  it('lets a request in flight finish and ends idle connections', async () => {
    const { env, app } = await openServer(ROUTES, { environment: { PORT: '0' } });
    const own = await listen(env, app);
    const url = new URL(own.url);
    const idle = connect(Number(url.port), '127.0.0.1');
    idle.write(lines('GET /note HTTP/1.1', HOST));
    const busy = connect(Number(url.port), '127.0.0.1');
    let answer = '';
    busy.on('data', (chunk) => {
      answer += chunk;
    });
    busy.write(lines('GET /slow HTTP/1.1', HOST));
    const read = new Promise((resolve) => busy.once('close', resolve));
    await wait(500);
    const startedAt = performance.now();
    await own.close();
    await read;
    assert.match(answer, /late/);
    assert.ok(performance.now() - startedAt < 15_000);
    await assert.rejects(fetch(own.url));
  });
});
