import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { z } from 'zod';
import { refuse } from '#core/values/result.ts';
import { api } from '#http/route.ts';
import { StorageUnavailable } from '#store/engine/database.ts';
import { addPending, addSession, NOW, openServer, tokenOf } from './server.ts';

const Body = z.strictObject({ email: z.string(), code: z.string().optional() });
const seen: { input: unknown; address: string | undefined; deviceToken: string | undefined }[] = [];

const ROUTES = [
  api({
    ...{
      method: 'POST',
      path: '/api/v1/sign-in',
      guard: 'public',
      summary: 'Sign in',
      refusals: ['too_many_attempts'],
    },
    body: Body,
    answer: z.object({ state: z.string() }),
    handle: async ({ input, client }) => {
      seen.push({ input, address: client.address, deviceToken: client.deviceToken });
      if (input.email === 'paused') return refuse('too_many_attempts', { retryAfterSeconds: 77 });
      if (input.email === 'drift') return refuse('code_incorrect', { clockOffsetSeconds: -180 });
      if (input.email === 'away') throw new StorageUnavailable('disk');
      if (input.email === 'bug') throw new Error('SELECT secret');
      return { state: 'complete' };
    },
  }),
  api({
    ...{ method: 'POST', path: '/api/v1/skip', guard: 'pendingSignIn', summary: 'Skip', refusals: [] },
    handle: async () => undefined,
  }),
  api({
    ...{ method: 'GET', path: '/api/v1/session', guard: 'session', summary: 'Who', refusals: [] },
    answer: z.object({ email: z.string() }),
    handle: async ({ session }) => ({ email: session.user.email }),
  }),
  api({
    ...{ method: 'DELETE', path: '/api/v1/session', guard: 'session', summary: 'End', refusals: [] },
    handle: async () => undefined,
  }),
  api({
    ...{ method: 'POST', path: '/api/v1/grave', guard: 'steppedUp', summary: 'Grave', refusals: [] },
    handle: async () => undefined,
  }),
];

let server: Awaited<ReturnType<typeof openServer>>;
before(async () => {
  server = await openServer(ROUTES);
  await addSession(server.db, 'live', { channel: 'api' });
  await addSession(server.db, 'page');
  await addPending(server.db, 'live', { channel: 'api' });
  await addPending(server.db, 'done', { channel: 'api', completed_at: NOW, completed_to: '' });
});

const JSON_TYPE = { 'content-type': 'application/json' };

function send(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE) {
  return server.ask('/api/v1/sign-in', { method: 'POST', body, headers });
}

function call(method: string, path: string, authorization?: string, more: Record<string, string> = {}) {
  return server.ask(path, { method, headers: { ...(authorization && { authorization }), ...more } });
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  return JSON.parse(await response.text());
}

describe('the guard of a call', () => {
  it('takes a bearer token whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const response = await call('GET', '/api/v1/session', `${scheme} ${tokenOf('live')}`);
      assert.deepEqual(await response.json(), { email: 'ana@acme.example' });
    }
  });

  const dead: [string, string | undefined][] = [
    ['no token', undefined],
    ['Basic', `Basic ${tokenOf('live')}`],
    ['junk', `Bearer ${tokenOf('live')} x`],
    ['two in one line', `Bearer ${tokenOf('live')}, Bearer ${tokenOf('live')}`],
    ['eight kilobytes', `Bearer ${'x'.repeat(8192)}`],
    ['the value of a page’s cookie', `Bearer ${tokenOf('page')}`],
    ['a pending token', `Bearer ${tokenOf('pending')}`],
    ['the id of a session', 'Bearer session-live'],
  ];
  for (const [what, authorization] of dead) {
    it(`answers 401 with a challenge to ${what}, and never falls back to a cookie`, async () => {
      const cookie = server.cookie({ session: tokenOf('page'), pending: tokenOf('live') });
      const response = await call('GET', '/api/v1/session', authorization, { cookie });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.equal((await problemOf(response)).code, 'sign_in_expired');
    });
  }

  it('opens the calls of a sign-in to its pending token until it is finished', async () => {
    assert.equal((await call('POST', '/api/v1/skip', `Bearer ${tokenOf('live')}`)).status, 204);
    assert.equal((await call('POST', '/api/v1/skip', `Bearer ${tokenOf('done')}`)).status, 401);
  });

  it('asks for a step-up', async () => {
    const response = await call('POST', '/api/v1/grave', `Bearer ${tokenOf('live')}`);
    assert.equal(response.status, 403);
    assert.equal((await problemOf(response)).code, 'step_up_required');
  });
});

describe('the body of a call', () => {
  it('is parsed by its declaration, and the answer sets no cookie', async () => {
    const response = await server.ask('/api/v1/sign-in', {
      method: 'POST',
      body: '{"email":"a@b"}',
      headers: {
        ...{ 'content-type': 'application/json; charset=UTF-8', origin: 'https://elsewhere.example' },
        cookie: server.cookie({ device: tokenOf('device'), form: 'x' }),
      },
    });
    assert.deepEqual(await response.json(), { state: 'complete' });
    assert.deepEqual(seen.at(-1), { input: { email: 'a@b' }, address: '192.0.2.7', deviceToken: undefined });
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });

  const bad: [string, string | Uint8Array<ArrayBuffer>][] = [
    ['truncated', '{"email":'],
    ['empty', ''],
    ...['null', '[]', '"x"', '123', '[[[]]]'].map((text): [string, string] => [text, text]),
    ['with an unknown field', '{"email":"a","admin":true}'],
    ['with a field in another case', '{"Email":"a"}'],
    ['with a number', '{"email":1}'],
    ['with an operator', '{"email":{"$gt":""}}'],
    ['with __proto__', '{"email":"a","__proto__":{"isAdmin":true}}'],
    ['with constructor', '{"email":"a","constructor":{"prototype":{"isAdmin":true}}}'],
    ['with __proto__ inside', '{"email":{"a":{"__proto__":{"isAdmin":true}}}}'],
    ['very deep', `{"email":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['in Latin-1', new Uint8Array(Buffer.from('{"email":"\xe4"}', 'latin1'))],
  ];
  for (const [what, body] of bad) {
    it(`is refused ${what}`, async () => {
      const response = await send(body);
      assert.equal(response.status, 400);
      assert.equal((await problemOf(response)).code, 'invalid_request');
      assert.equal(Reflect.get({}, 'isAdmin'), undefined);
    });
  }

  it('is refused with the name of our field and without what was in it', async () => {
    const { detail } = await problemOf(await send('{"email":["hush-hush"]}'));
    assert.match(String(detail), /The field email /);
    const text = await (await send('{"hush-hush":"hush-hush","email":"x"}')).text();
    assert.doesNotMatch(text, /hush/);
  });

  const types = ['text/plain', 'application/json; charset=utf-16', 'application/jsonp', 'multipart/form-data', ''];
  for (const type of [...types, 'application/xml', 'application/x-www-form-urlencoded']) {
    it(`is refused as ${type || 'nothing'} with 415`, async () => {
      const body = new Uint8Array(Buffer.from('{"email":"a"}'));
      assert.equal((await send(body, type === '' ? {} : { 'content-type': type })).status, 415);
    });
  }

  it('is refused compressed', async () => {
    assert.equal((await send('{"email":"a"}', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status, 415);
  });

  it('has at most 64 KiB', async () => {
    const frame = '{"email":""}'.length;
    assert.equal((await send(`{"email":"${'x'.repeat(65_536 - frame)}"}`)).status, 200);
    assert.equal((await send(`{"email":"${'x'.repeat(65_537 - frame)}"}`)).status, 413);
  });

  it('of a bodyless call is nothing or an empty object', async () => {
    const skip = (body: string | null, headers = JSON_TYPE) =>
      server.ask('/api/v1/skip', {
        ...{ method: 'POST', body },
        headers: { authorization: `Bearer ${tokenOf('live')}`, ...headers },
      });
    assert.equal((await skip(null)).status, 204);
    assert.equal((await skip('{}')).status, 204);
    for (const body of ['[]', 'null', '{"x":1}', 'x']) assert.equal((await skip(body)).status, 400);
    assert.equal((await call('DELETE', '/api/v1/session', `Bearer ${tokenOf('live')}`)).status, 204);
  });

  it('does not come in the address', async () => {
    const response = await call('GET', '/api/v1/session?a[__proto__][x]=1', `Bearer ${tokenOf('live')}`);
    assert.equal(response.status, 400);
  });
});

describe('a problem', () => {
  it('says what RFC 9457 asks for, and the same request id as the header', async () => {
    const response = await send('{"email":"paused"}');
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after'), '77');
    assert.deepEqual(await problemOf(response), {
      ...{ type: 'urn:sallyport:problem:too_many_attempts', title: 'Too many attempts', status: 429 },
      ...{ code: 'too_many_attempts', detail: 'Wait before the next attempt.', retryAfterSeconds: 77 },
      requestId: response.headers.get('x-request-id'),
    });
  });

  it('carries the facts of its refusal', async () => {
    const response = await send('{"email":"drift"}');
    assert.equal(response.status, 422);
    assert.equal((await problemOf(response)).clockOffsetSeconds, -180);
  });

  it('says 503 with a time when storage is away, and 500 without details for a bug', async () => {
    const away = await send('{"email":"away"}');
    assert.equal(away.status, 503);
    assert.ok(Number(away.headers.get('retry-after')) > 0);
    const bug = await send('{"email":"bug"}');
    assert.equal(bug.status, 500);
    assert.doesNotMatch(await bug.text(), /SELECT/);
  });

  it('answers unknown calls and methods', async () => {
    assert.equal((await problemOf(await call('GET', '/api/v1/nothing'))).code, 'not_found');
    const patch = await call('PATCH', '/api/v1/session');
    assert.equal(patch.headers.get('allow'), 'GET, HEAD, DELETE');
    assert.match(await patch.text(), /"method_not_allowed","detail":"This address does not accept PATCH requests\."/);
    const override = { 'x-http-method-override': 'DELETE' };
    assert.equal((await call('POST', '/api/v1/session', undefined, override)).status, 405);
  });
});

describe('the OpenAPI document', () => {
  it('describes every call from its declaration', async () => {
    const response = await call('GET', '/api/v1/openapi.json');
    assert.equal(response.status, 200);
    const { openapi, paths, components } = JSON.parse(await response.text());
    assert.equal(openapi, '3.1.0');
    assert.deepEqual(Object.keys(paths['/api/v1/session']), ['get', 'delete']);
    const signIn = paths['/api/v1/sign-in'].post;
    const schema = signIn.requestBody.content['application/json'].schema;
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(schema.required, ['email']);
    assert.deepEqual(Object.keys(signIn.responses), ['200', '400', '429', '503']);
    assert.deepEqual(paths['/api/v1/session'].get.security, [{ sessionToken: [] }]);
    assert.equal(paths['/api/v1/session'].delete.responses[401].description, 'sign_in_expired');
    assert.ok(components.schemas.Problem.properties.requestId);
  });
});
