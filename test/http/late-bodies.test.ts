import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { z } from 'zod';
import { AuthorityLost } from '#core/people/authority.ts';
import { newApiKey } from '#core/portals/api-key.ts';
import { tokenHash } from '#core/values/token.ts';
import { makeFormToken } from '#http/pages/form.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { api, page } from '#http/route.ts';
import { createApiKey } from '#store/programs/api-keys.ts';
import { held } from '../walk/held-body.ts';
import { addPending, addSession, NOW, ORIGIN, openServer, tokenOf } from './server.ts';

let between = async () => undefined as unknown;
async function* pieces() {
  yield 'first,';
  await between();
  yield 'second';
}

let acted = 0;
const act = () => {
  acted += 1;
  return seeOther('/done');
};
const answer = async () => {
  acted += 1;
  return {};
};
const call = { summary: 'x', answer: z.object({}), refusals: [] } as const;

const ROUTES = [
  page({ method: 'POST', path: '/mine', guard: 'session', handle: act }),
  page({
    ...{ method: 'GET', path: '/list.csv', guard: 'steppedUp' },
    handle: () => ({ status: 200, file: { type: 'text/csv', body: pieces() }, cookies: [] }),
  }),
  page({ method: 'POST', path: '/second', guard: 'pendingSignIn', handle: act }),
  page({ method: 'GET', path: '/grave', guard: 'steppedUp', handle: () => show('x') }),
  page({
    ...{ method: 'POST', path: '/grave', guard: 'steppedUp', handle: act },
    ...{ form: z.object({ name: z.string().optional() }), keeps: ['name'] as const },
  }),
  api({ ...call, method: 'POST', path: '/api/v1/mine', guard: 'session', handle: answer }),
  api({ ...call, method: 'DELETE', path: '/api/v1/mine', guard: 'session', handle: answer }),
  api({ ...call, method: 'POST', path: '/api/v1/second', guard: 'pendingSignIn', handle: answer }),
  api({ ...call, method: 'POST', path: '/api/v1/keyed', guard: 'apiKey:users:write', handle: answer }),
];

let server: Awaited<ReturnType<typeof openServer>>;
let key: string;
beforeEach(async () => {
  acted = 0;
  server = await openServer(ROUTES);
  await addSession(server.db, 'live', { step_up_at: NOW - 10, step_up_method: 'totp' });
  await addSession(server.db, 'program', { channel: 'api' });
  await addPending(server.db, 'live');
  await addPending(server.db, 'program', { channel: 'api' });
  key = newApiKey(server.env.random);
  const times = { created_at: NOW, expires_at: NOW + 60, revoked_at: null, revoked_because: null, last_used_at: NOW };
  const row = { id: 'key', name: 'key', key_hash: tokenHash(key), scopes: 'users:write', created_by: 'system' };
  await server.db.transaction((tx) => createApiKey(tx, { ...row, ...times }));
});

const end = async () => {
  await server.db.transaction(async (tx) => {
    await tx.deleteFrom('sessions').execute();
    await tx.deleteFrom('pending_sign_ins').execute();
    await tx.updateTable('api_keys').set({ revoked_at: NOW }).execute();
  });
};
const age = async () => {
  await server.db.transaction(async (tx) => {
    await tx
      .updateTable('sessions')
      .set({ step_up_at: NOW - 300 })
      .execute();
  });
};

function sendForm(path: string, name: 'session' | 'pending', meanwhile: () => Promise<void>) {
  const form = tokenOf('form');
  const form_token = makeFormToken(server.env.keys, form, `${name}-live`, 'page');
  const headers = {
    ...{ origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
    cookie: server.cookie({ [name]: tokenOf('live'), form }),
  };
  const body = held(new URLSearchParams({ form_token, name: 'typed' }).toString(), meanwhile);
  return server.ask(path, { method: 'POST', headers, body, duplex: 'half' });
}

function sendCall(method: string, path: string, token: string, meanwhile: () => Promise<void>) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return server.ask(path, { method, headers, body: held('{}', meanwhile), duplex: 'half' });
}

const nothing = async () => undefined;

describe('a request whose last byte comes late', () => {
  it('is a request like any other while nobody has lost anything', async () => {
    assert.equal((await sendForm('/mine', 'session', nothing)).status, 303);
    assert.equal((await sendForm('/second', 'pending', nothing)).status, 303);
    assert.equal((await sendForm('/grave', 'session', nothing)).status, 303);
    assert.equal((await sendCall('POST', '/api/v1/mine', tokenOf('program'), nothing)).status, 200);
    assert.equal((await sendCall('DELETE', '/api/v1/mine', tokenOf('program'), nothing)).status, 200);
    assert.equal((await sendCall('POST', '/api/v1/second', tokenOf('program'), nothing)).status, 200);
    assert.equal((await sendCall('POST', '/api/v1/keyed', key, nothing)).status, 200);
    assert.equal(acted, 7);
  });

  it('is judged by what its guard finds then, as a form', async () => {
    const mine = await sendForm('/mine', 'session', end);
    assert.equal(mine.status, 401);
    const second = await sendForm('/second', 'pending', end);
    assert.deepEqual([second.status, second.headers.get('location')], [303, '/sign-in']);
    assert.equal(acted, 0);
  });

  it('is kept with what was typed, as a form whose proof grew too old', async () => {
    const grave = await sendForm('/grave', 'session', age);
    assert.equal(grave.status, 403);
    assert.equal(acted, 0);
    const { step_up_to } = await server.db.read
      .selectFrom('sessions')
      .select('step_up_to')
      .where('id', '=', 'session-live')
      .executeTakeFirstOrThrow();
    assert.match(step_up_to ?? '', /^\/grave\?kept=/);
  });

  for (const [method, path, name] of [
    ['POST', '/api/v1/mine', 'program'],
    ['DELETE', '/api/v1/mine', 'program'],
    ['POST', '/api/v1/second', 'program'],
    ['POST', '/api/v1/keyed', undefined],
  ] as const) {
    it(`is judged by what its guard finds then, as ${method} ${path}`, async () => {
      const token = name === undefined ? key : tokenOf(name);
      assert.equal((await sendCall(method, path, token, end)).status, 401);
      assert.equal(acted, 0);
    });
  }

  it('tells what is wrong with its body to callers alone whom the guard lets in', async () => {
    const body = 'x'.repeat(64 * 1024 + 1);
    const send = (token: string) =>
      server.ask('/api/v1/mine', { method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
    assert.equal((await send(tokenOf('nobody'))).status, 401);
    assert.equal((await send(tokenOf('program'))).status, 413);
  });
});

describe('a file that comes in pieces', () => {
  const read = async () => (await server.get('/list.csv', { session: tokenOf('live') })).text();

  it('comes whole, though the proof of its reader grows too old meanwhile', async () => {
    between = age;
    assert.equal(await read(), 'first,second');
  });

  it('breaks off when its reader may read it no more', async () => {
    between = end;
    await assert.rejects(read, AuthorityLost);
  });
});
