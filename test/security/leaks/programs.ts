import assert from 'node:assert/strict';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { renewClientSecret } from '#flows/administration/openid-clients.ts';
import { addWebhook, replay, rotateWebhookSecret } from '#flows/administration/webhooks.ts';
import { deliverWebhooks } from '#webhooks/deliver.ts';
import { enterStaff } from '../../stories/console/console-story.ts';
import { callWithKey } from '../../stories/management-api/management-story.ts';
import { makeClient } from '../../stories/openid/client-story.ts';
import { openReceiver } from '../../webhooks/receiver.ts';
import { browserAt, callApi, type Person } from '../../world.ts';
import type { Service } from './service.ts';

/** The secret part of a receiver's address. */
export const IN_THE_ADDRESS = 'address-of-a-lantern-that-nobody-guesses';

/** Keys and webhooks, created in the console and on the command line, used, misused, exchanged and revoked. */
export async function programs(service: Service): Promise<void> {
  const closings: (() => unknown)[] = [];
  const receiver = await openReceiver({ after: (work) => void closings.push(work) });
  try {
    await actThrough(service, receiver);
  } finally {
    for (const closing of closings) await closing();
  }
}

async function actThrough(service: Service, receiver: Awaited<ReturnType<typeof openReceiver>>): Promise<void> {
  const staff = browserAt(service.app, '192.0.2.20');
  const admin = await enterStaff({ ...service.world, person: () => staff }, 'admin', 'programs@portal.example');
  const key = await makeKeys(service, admin);
  await makeClients(service, admin);
  const hook = await makeWebhooks(service, admin, `${receiver.url}?token=${IN_THE_ADDRESS}`);
  await actByKey(service, key);
  await misuse(service, key);
  receiver.behaviour.status = 500;
  await deliverWebhooks(service.env);
  receiver.behaviour.status = 204;
  service.world.clock.at += 60;
  await deliverWebhooks(service.env);
  assert.ok(receiver.received.length > 2);
  const delivery = String(receiver.received[0]?.headers['webhook-id']);
  await replay(service.env, 'command_line', delivery);
  await admin.post(`/console/webhooks/${hook}/rotate`);
  await deliverWebhooks(service.env);
}

/** One from the page that shows it once, one from the command line. Answers the second. */
async function makeKeys({ env, tell }: Service, admin: Person): Promise<string> {
  const shown = await admin.post('/console/api-keys/new', { name: 'CRM', 'users:read': 'yes', expires: '' });
  assert.equal(shown.status, 303);
  assert.match((await admin.get(String(shown.location))).text, /sp_[\w-]{49}/);
  await admin.get('/console/api-keys');
  const scopes = ['partners:read', 'partners:write', 'users:read', 'users:write', 'users:reset_mfa'];
  const others = ['audit:read', 'clients:read', 'clients:write'];
  const made = await addApiKey(env, 'command_line', {
    ...{ name: 'ERP', scopes: [...scopes, ...others], expiresAt: undefined },
  });
  assert.ok(!isRefusal(made));
  tell('API key', made.key);
  return made.key;
}

/** From the page that shows the secret once, from the command line, and exchanged. */
async function makeClients({ env, tell }: Service, admin: Person): Promise<void> {
  const typed = { name: 'Portal', redirect_uris: 'https://portal.example/callback' };
  const shown = await admin.post('/console/clients/new', typed);
  assert.equal(shown.status, 303);
  assert.match((await admin.get(String(shown.location))).text, /spc_[\w-]{43}/);
  const { client, secret = '' } = await makeClient(env);
  const renewed = await renewClientSecret(env, 'command_line', client.id);
  assert.ok(!isRefusal(renewed));
  for (const one of [secret, renewed.secret ?? '']) {
    assert.match(one, /^spc_/);
    tell('client secret', one);
  }
  await admin.get(`/console/clients/${client.id}`);
  await admin.get(`/console/clients/${secret}`);
}

async function makeWebhooks({ env, tell }: Service, admin: Person, url: string): Promise<string> {
  const all = Object.fromEntries(WEBHOOK_EVENTS.map((event) => [event, 'yes']));
  const shown = await admin.post('/console/webhooks/new', { url, ...all });
  assert.equal(shown.status, 303);
  assert.match((await admin.get(String(shown.location))).text, /whsec_/);
  const made = await addWebhook(env, 'command_line', { url, events: WEBHOOK_EVENTS });
  assert.ok(!isRefusal(made));
  tell('webhook secret', made.secret);
  const rotated = await rotateWebhookSecret(env, 'command_line', made.webhook.id);
  assert.ok(!isRefusal(rotated));
  tell('webhook secret', rotated.secret);
  await admin.get(`/console/webhooks/${made.webhook.id}`);
  return made.webhook.id;
}

/** Creations with an idempotency key, whose answers are stored: they contain links and codes. */
async function actByKey({ app, tell }: Service, key: string): Promise<void> {
  const call = async (path: string, body: object, idempotencyKey?: string) => {
    const answer = await callWithKey({ app }, { method: 'POST', path, body, key, idempotencyKey });
    assert.equal(answer.status, 200, path);
    return answer.body;
  };
  await call('/partners', { name: 'Harbor', mfa: { policy: 'optional' } }, 'deal-1');
  const invited = { email: 'eve@harbor.example', partner: 'harbor' };
  const { id } = await call('/users', invited, 'contact-1');
  await call('/users', invited, 'contact-1');
  await call(`/users/${id}/invitation`, {}, 'contact-2');
  const reset = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'office number' };
  await call(`/users/${id}/reset-mfa`, reset, 'ticket-1');
  await call(`/users/${id}/access-code`, {}, 'ticket-2');
  const portal = { name: 'Portal', redirectUris: ['https://portal.example/callback'] };
  const added = await call('/clients', portal, 'deploy-1');
  const renewed = await call(`/clients/${added.id}/new-secret`, {}, 'deploy-2');
  for (const { secret } of [added, renewed]) tell('client secret', String(secret));
  const [partner] = Object(await callWithKey({ app }, { method: 'GET', path: '/partners?slug=harbor', key })).body.data;
  await call(`/partners/${partner.id}/mfa`, { policy: 'off' });
}

/** A key in an address, in a body, as an idempotency key, in a cookie, misspelled, and after its end. */
async function misuse({ app, env }: Service, key: string): Promise<void> {
  const call = (method: string, path: string, more: object = {}) =>
    callApi(app, { method, path: `/api/v1${path}`, ...more });
  await call('GET', `/users?api_key=${key}`);
  await call('GET', `/users/${key}`, { token: key });
  await call('GET', `/users?email=${key}`, { token: key });
  await call('POST', '/users', { token: key, body: { email: key, partner: key, [key]: key } });
  await call('POST', '/partners', { token: key, body: { name: 'Harbor', slug: key } });
  await callWithKey(
    { app },
    { method: 'POST', path: '/partners', body: { name: key.slice(0, 9) }, key, idempotencyKey: key },
  );
  await call('GET', '/users', { token: `${key}x` });
  await call('GET', `/${key}`);
  const person = browserAt(app, '192.0.2.21');
  await person.signIn(key, key);
  await env.db.transaction((tx) => tx.updateTable('api_keys').set({ revoked_at: env.now() }).execute());
  assert.equal((await call('GET', '/users', { token: key })).status, 401);
}
