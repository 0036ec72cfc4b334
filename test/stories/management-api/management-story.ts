import assert from 'node:assert/strict';
import { SCOPES } from '#core/portals/api-key.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { reasonDetail } from '#http/api/reason-detail.ts';
import type { App } from '#http/app.ts';
import { type ApiAnswer, answerOf, ORIGIN, openWorld, type World } from '../../world.ts';

/** A key with these scopes, created as on the command line. */
export async function makeKey(world: World, scopes: readonly string[] = SCOPES, expiresAt?: number) {
  const made = await addApiKey(world.env, 'command_line', { name: 'CRM', scopes, expiresAt });
  assert.ok(!isRefusal(made));
  return { key: made.key, id: made.apiKey.id };
}

/** A world with one partner and one person there, and a program with a key for everything. */
export async function openManagement(t: Parameters<typeof openWorld>[0], environment: Record<string, string> = {}) {
  const world = await openWorld(t, { environment });
  const partner = await world.addPartner({ policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const { key, id } = await makeKey(world);
  const call = (method: string, path: string, body?: unknown, idempotencyKey?: string) =>
    callWithKey(world, { method, path, body, key, idempotencyKey });
  return { world, partner, ana, key, actor: `api_key:${id}`, call };
}

type Call = { method: string; path: string; body?: unknown; key: string; idempotencyKey?: string | undefined };

export async function callWithKey(world: { readonly app: Pick<App, 'fetch'> }, call: Call): Promise<ApiAnswer> {
  const { method, path, body, key, idempotencyKey } = call;
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  };
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await world.app.fetch(new Request(`${ORIGIN}/api/v1${path}`, init), { remoteAddress: '192.0.2.9' });
  const { status, headers: answeredHeaders, text } = await answerOf(response);
  const answered = text === '' ? {} : JSON.parse(text);
  // A reason for a program also has a sentence for a person who reads its log.
  if (answered.reason !== undefined)
    assert.equal(answered.detail, reasonDetail({ refused: answered.code, reason: answered.reason }), answered.reason);
  return { status, headers: answeredHeaders, body: answered };
}
