import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { addApiKey, endApiKey } from '#flows/administration/api-keys.ts';
import { addClient, disableClient, enableClient, renewClientSecret } from '#flows/administration/openid-clients.ts';
import { addWebhook, replay, resumeWebhook, rotateWebhookSecret, stopWebhook } from '#flows/administration/webhooks.ts';
import { createApp } from '#http/app.ts';
import { ROUTES } from '../../../src/routes.ts';
import { openWorld, type World } from '../../world.ts';
import { makeClient, PORTAL } from '../openid/client-story.ts';
import { callWithKey, makeKey, openManagement } from './management-story.ts';

const CALLS = ROUTES.filter((route) => route.channel === 'api').filter(({ guard }) => guard.startsWith('apiKey:'));

/** The fields of a program's secret, its public keys, and its signatures. */
const OF_CLIENTS = ['secret', 'keys', 'idTokenAlg'];

test('no call takes a password, a role of staff or a secret, and no answer has a place for one of a person', () => {
  assert.ok(CALLS.length > 20);
  const fields = new Map<string, string>();
  for (const { method, path, body, query, answer } of CALLS) {
    for (const part of [body, query, answer]) {
      if (part === undefined) continue;
      const schema = JSON.stringify(z.toJSONSchema(part, { io: part === answer ? 'output' : 'input' }));
      assert.doesNotMatch(schema, /"(csm|admin)"/, `${method} ${path}`);
      const isOfClients = path.startsWith('/api/v1/clients');
      for (const [, field = ''] of schema.matchAll(/"(\w+)":\{/g)) {
        if (!isOfClients || !OF_CLIENTS.includes(field) || (field === 'secret' && part !== answer))
          fields.set(field, `${method} ${path}`);
      }
      if (part !== answer) assert.match(schema, /"additionalProperties":false/, `${method} ${path}`);
    }
  }
  const suspicious = [...fields.keys()].filter((field) =>
    /pass|secret|hash|token|otp|recovery|key|code|session/i.test(field),
  );
  // The one secret that a key receives. It is useless without the password.
  const known = [
    ...['accessCode', 'accessCodeExpiresAt', 'codeMinutes', 'endedSessions', 'endsSessions', 'passkeys', 'sessions'],
    ...['withPasskey', 'withPasskeyAlone'],
  ];
  assert.deepEqual(suspicious.toSorted(), known);
});

test('a password sent along with somebody new is refused, not left out', async (t) => {
  const { call, world } = await openManagement(t);
  const bo = { email: 'bo@acme.example', partner: 'acme' };
  for (const more of [{ password: 'lantern otter velvet 9' }, { sealedPassword: 'x' }, { mfa: { enrolled: true } }])
    assert.equal((await call('POST', '/users', { ...bo, ...more })).status, 400);
  const { read } = world.env.db;
  const rows = await read.selectFrom('users').select('id').where('email', '=', bo.email).execute();
  assert.deepEqual(rows, []);
});

/** Every row of what programs have, and of the log. */
async function rowsOf({ env }: Pick<World, 'env'>): Promise<string> {
  const tables = ['api_keys', 'idempotent_calls', 'webhooks', 'webhook_secrets', 'webhook_deliveries'] as const;
  const clients = ['oidc_clients', 'oidc_client_partners'] as const;
  const also = ['audit_events', 'users', 'partners', 'outbox', 'links', 'access_codes', 'authenticators'] as const;
  const all = [...tables, ...clients, ...also].map((table) => env.db.read.selectFrom(table).selectAll().execute());
  const rows = (await Promise.all(all)).map((table) => table.map((row) => JSON.stringify(row)).toSorted());
  return rows.join('\n');
}

/** The same service with a database that counts transactions and fails each at its end. */
function failing({ env }: Pick<World, 'env'>): { readonly env: Env; readonly count: () => number } {
  let begun = 0;
  const transaction: Env['db']['transaction'] = (work) =>
    env.db.transaction(async (tx) => {
      begun += 1;
      await work(tx);
      throw new Error('the disk is full');
    });
  return { env: { ...env, db: { ...env.db, transaction } }, count: () => begun };
}

test('an act on keys, clients and webhooks is one transaction with its event: it fails whole, and leaves nothing', async (t) => {
  const world = await openWorld(t);
  await world.addPartner();
  const { id: keyId } = await makeKey(world);
  const events = ['partner.mfa_policy_changed'];
  const made = await addWebhook(world.env, 'command_line', { url: 'https://hook.example/', events });
  const stopped = await addWebhook(world.env, 'command_line', { url: 'https://hook.example/', events });
  assert.ok(!isRefusal(made) && !isRefusal(stopped));
  await stopWebhook(world.env, 'command_line', stopped.webhook.id);
  const { client } = await makeClient(world.env);
  const [id, now] = [world.env.newId(), world.clock.at];
  const told = { id, webhook_id: made.webhook.id, type: 'x', payload: '{}', created_at: now, tries: 1 };
  const over = { next_try_at: now, delivered_at: now, dead_at: null, last_fault: null };
  await world.env.db.transaction((tx) =>
    tx
      .insertInto('webhook_deliveries')
      .values({ ...told, ...over })
      .execute(),
  );
  const acts: Readonly<Record<string, readonly [string, (env: Env) => Promise<unknown>]>> = {
    'a key made': [
      'api_key.created',
      (env) => addApiKey(env, 'command_line', { name: 'ERP', scopes: ['users:read'], expiresAt: undefined }),
    ],
    'a key revoked': ['api_key.revoked', (env) => endApiKey(env, 'command_line', keyId)],
    'a webhook added': [
      'webhook.created',
      (env) => addWebhook(env, 'command_line', { url: 'https://a.example', events }),
    ],
    'a secret exchanged': [
      'webhook.secret_rotated',
      (env) => rotateWebhookSecret(env, 'command_line', made.webhook.id),
    ],
    'a delivery sent again': ['webhook.replayed', (env) => replay(env, 'command_line', id)],
    'a webhook disabled': ['webhook.disabled', (env) => stopWebhook(env, 'command_line', made.webhook.id)],
    'a client added': ['client.added', (env) => addClient(env, 'command_line', { ...PORTAL, partners: ['acme'] })],
    'a client given a secret': ['client.secret_renewed', (env) => renewClientSecret(env, 'command_line', client.id)],
    'a client disabled': ['client.disabled', (env) => disableClient(env, 'command_line', client.id)],
    'a client enabled': ['client.enabled', (env) => enableClient(env, 'command_line', client.id)],
    'a webhook enabled': ['webhook.enabled', (env) => resumeWebhook(env, 'command_line', stopped.webhook.id)],
  };
  for (const [what, [action, act]] of Object.entries(acts)) {
    const before = await rowsOf(world);
    const broken = failing(world);
    await assert.rejects(act(broken.env), /disk is full/, what);
    assert.equal(broken.count(), 1, what);
    assert.equal(await rowsOf(world), before, `${what}: something was left`);
    const events = (await world.events()).length;
    await act(world.env);
    const added = (await world.events()).slice(events).map((event) => event.action);
    assert.deepEqual(added, [action], what);
    await act(world.env).catch(() => undefined);
  }
});

test('an act asked for by key is one transaction with its event and its name: it fails whole', async (t) => {
  const { world, partner, ana, key } = await openManagement(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const why = { reason: 'because' };
  const reset = { ...why, checkedBy: 'callback', checkNote: 'office number' };
  const until = new Date((world.clock.at + 9 * 24 * 60 * 60) * 1000).toISOString();
  await callWithKey(world, { method: 'POST', path: `/users/${bo.id}/disable`, body: why, key });
  const acts: [path: string, body: object][] = [
    ['/partners', { name: 'Harbor' }],
    [`/partners/${partner.id}/name`, { name: 'Acme Group' }],
    [`/partners/${partner.id}/mfa`, { policy: 'required' }],
    [`/partners/${partner.id}/archive`, {}],
    ['/users', { email: 'cy@acme.example', partner: 'acme' }],
    [`/users/${ana.id}/unlock`, why],
    [`/users/${ana.id}/exemption`, { ...why, until }],
    [`/users/${ana.id}/password-link`, {}],
    [`/users/${ana.id}/reset-mfa`, reset],
    [`/users/${ana.id}/disable`, why],
    [`/users/${bo.id}/enable`, why],
    [`/users/${bo.id}/delete`, why],
  ];
  // Its last use is written in a separate transaction, at most once a minute.
  await world.env.db.transaction((tx) => tx.updateTable('api_keys').set({ last_used_at: world.clock.at }).execute());
  for (const [path, body] of acts) {
    const before = await rowsOf(world);
    const broken = failing(world);
    const call = { method: 'POST', path, body, key, idempotencyKey: 'one' };
    const { status } = await callWithKey({ app: createApp(broken.env, ROUTES) }, call);
    assert.equal(status, 500, path);
    assert.equal(broken.count(), 1, path);
    assert.equal(await rowsOf(world), before, `${path}: something was left`);
  }
});

test('a key is found by its hash: neither the hash itself nor another key’s row opens anything', async (t) => {
  const world = await openWorld(t);
  const { key, id } = await makeKey(world, ['users:read']);
  const ask = async (bearer: string) => (await world.api('GET', '/api/v1/users', undefined, bearer)).status;
  assert.deepEqual([await ask(key), await ask(tokenHash(key)), await ask(id)], [200, 401, 401]);
  const set = (key_hash: string) =>
    world.env.db.transaction((tx) => tx.updateTable('api_keys').set({ key_hash }).where('id', '=', id).execute());
  await set(key);
  assert.equal(await ask(key), 401, 'what is stored is never compared as it is');
});

test('a key is made for scopes that exist, each once, and for nothing that only begins like one', async (t) => {
  const world = await openWorld(t);
  const add = (...scopes: string[]) =>
    addApiKey(world.env, 'command_line', { name: 'CRM', scopes, expiresAt: undefined });
  for (const scopes of [[], ['*'], ['users'], ['users:read', 'admin'], ['users:read '], ['Users:read'], ['']])
    assert.deepEqual(await add(...scopes), { refused: 'invalid_request', reason: 'scopes' }, scopes.join());
  const made = await add('users:read', 'audit:read', 'users:read');
  assert.ok(!isRefusal(made));
  assert.deepEqual(made.apiKey.scopes, ['users:read', 'audit:read']);
  assert.equal((await world.env.db.read.selectFrom('api_keys').select('id').execute()).length, 1);
});
