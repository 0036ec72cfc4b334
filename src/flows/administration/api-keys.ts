import { cleanName } from '#core/people/name.ts';
import { API_KEY_DAYS_MOST, isScope, newApiKey, type Scope } from '#core/portals/api-key.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { type ApiKey, createApiKey, findApiKey, revokeApiKey } from '#store/programs/api-keys.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

export type NewApiKey = {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Unix seconds; absent: the latest moment allowed. */
  readonly expiresAt: number | undefined;
};

/** A new key. It exists in the clear only now. */
export type MadeApiKey = { readonly key: string; readonly apiKey: ApiKey };

const KEY_ACTOR = 'api_key:';

/** The id of a key in the audit log. */
export function keyActor({ id }: Pick<ApiKey, 'id'>): string {
  return `${KEY_ACTOR}${id}`;
}

/** The id of the key behind an actor of the audit log; undefined for a person or the operator. */
export function keyIdOf(actor: string): string | undefined {
  return actor.startsWith(KEY_ACTOR) ? actor.slice(KEY_ACTOR.length) : undefined;
}

/** The person who acts. For an API key this is the person who made it. */
export async function personBehind(queries: Queries, actor: Actor): Promise<string> {
  const id = actorId(actor);
  const keyId = keyIdOf(id);
  return keyId === undefined ? id : ((await findApiKey(queries, keyId))?.createdBy ?? id);
}

/** Makes a key for programs. Only this call returns it; the database stores only its hash. */
export async function addApiKey(
  env: Env,
  actor: Actor,
  typed: NewApiKey,
  around: Around<MadeApiKey> = plainly,
): Promise<MadeApiKey | Refusal> {
  const name = cleanName(typed.name);
  const scopes = scopesOf(typed.scopes);
  const now = env.now();
  const latest = now + API_KEY_DAYS_MOST * DAY_SECONDS;
  const expiresAt = typed.expiresAt ?? latest;
  const isInTime = expiresAt > now && expiresAt <= latest;
  const unfit = refuseFields([name === undefined && 'name', scopes === undefined && 'scopes', !isInTime && 'expires']);
  if (unfit || name === undefined || scopes === undefined) return unfit ?? refuse('invalid_request');
  const id = env.newId();
  const key = newApiKey(env.random);
  const made = { id, name, createdBy: actorId(actor), createdAt: now, expiresAt };
  return actingTransaction(env, actor, around, async (tx) => {
    await createApiKey(tx, {
      id,
      name,
      key_hash: tokenHash(key),
      scopes: scopes.join(' '),
      created_by: made.createdBy,
      created_at: now,
      expires_at: expiresAt,
      revoked_at: null,
      revoked_because: null,
      last_used_at: null,
    });
    const detail = { apiKeyId: id, scopes, expiresAt };
    await appendEvent(env, tx, { action: 'api_key.created', actor: actorId(actor), detail }, actorClient(actor));
    const fresh = { revokedAt: undefined, revokedBecause: undefined, isOrphaned: false, lastUsedAt: undefined };
    return { key, apiKey: { ...made, scopes, ...fresh } };
  });
}

/** Each scope once; `undefined` if there is none, or if one is unknown. */
function scopesOf(typed: readonly string[]): readonly Scope[] | undefined {
  const scopes = [...new Set(typed)].filter(isScope);
  return scopes.length > 0 && typed.every(isScope) ? scopes : undefined;
}

/** Revokes a key for good: its next request is refused. */
export async function endApiKey(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<ApiKey> = plainly,
): Promise<ApiKey | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const now = env.now();
    const found = await findApiKey(tx, id);
    if (!found) return refuse('not_found', { reason: 'api_key' });
    if (!(await revokeApiKey(tx, id, now))) return found;
    const event = { action: 'api_key.revoked', actor: actorId(actor), detail: { apiKeyId: id } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return { ...found, revokedAt: now };
  });
}
