import { DAY_SECONDS } from '#core/time/spans.ts';
import {
  makeSigningKey,
  openSigningKey,
  type PublicJwk,
  publicJwk,
  type SigningAlgorithm,
  type SigningKey,
  signedJwt,
  verifiedClaims,
} from '#crypto/signing-keys.ts';
import type { Env } from '#env.ts';
import type { Database } from '#store/engine/database.ts';
import { lockSigningKeys } from '#store/engine/locks.ts';
import { createSigningKey, listSigningKeys, retireSigningKey } from '#store/oidc/signing-keys.ts';
import type { SigningKeyTable } from '#store/oidc/tables.ts';

type SigningEnv = Pick<Env, 'db' | 'keys' | 'now'>;

/** A JWT with these claims, signed by the active key. */
export async function signJwt(
  env: SigningEnv,
  claims: Readonly<Record<string, unknown>>,
  alg: SigningAlgorithm = 'ES256',
  typ = 'JWT',
): Promise<string> {
  return signedJwt(await activeKey(env, alg), claims, typ);
}

/** The content of `jwks_uri`: every key that signs, will sign, or signed tokens that may still be read. */
export async function publicJwks(env: SigningEnv): Promise<{ readonly keys: readonly PublicJwk[] }> {
  await activeKey(env, 'ES256');
  const { opened } = await publishedKeys(env);
  return { keys: opened.map(publicJwk) };
}

/** Every published key with its private half; first the active key of each algorithm. */
export async function signingKeys(env: SigningEnv): Promise<readonly SigningKey[]> {
  const active = [await activeKey(env, 'ES256'), await activeKey(env, 'RS256')];
  const { opened } = await publishedKeys(env);
  return [...active, ...opened.filter((key) => active.every(({ id }) => id !== key.id))];
}

/** The claims of a JWT that this service signed, else `undefined`. The caller has to check the times. */
export async function verifyJwt(env: SigningEnv, token: string): Promise<unknown> {
  return verifiedClaims(await signingKeys(env), token);
}

/** The key that signs now; the first one is made when the first token is needed. */
async function activeKey(env: SigningEnv, alg: SigningAlgorithm): Promise<SigningKey> {
  const found = inUse(await publishedKeys(env), alg, env.now());
  if (found !== undefined) return found;
  await makeFirst(env, alg);
  HELD.delete(env.db);
  const made = inUse(await publishedKeys(env), alg, env.now());
  if (made === undefined) throw new Error(`there is no key to sign with by ${alg}`);
  return made;
}

type Held = {
  readonly rows: readonly SigningKeyTable[];
  /** In the same order as the rows. */
  readonly opened: readonly SigningKey[];
  readonly readAt: number;
};

/** A node caches the keys this long; a new key is published for longer before it signs. */
const HELD_SECONDS = 30;

/** The open keys of each database, because opening one costs as much as several signatures. */
const HELD = new WeakMap<Database, Held>();

async function publishedKeys(env: SigningEnv): Promise<Held> {
  const now = env.now();
  const held = HELD.get(env.db);
  if (held !== undefined && held.readAt <= now && now < held.readAt + HELD_SECONDS) return held;
  const rows = await listSigningKeys(env.db.read);
  const known = new Map(held?.opened.map((key) => [key.id, key]));
  const opened = rows.map((row) => known.get(row.id) ?? openRow(env, row));
  const read = { rows, opened, readAt: now };
  HELD.set(env.db, read);
  return read;
}

function openRow({ keys }: SigningEnv, { id, alg, sealed_jwk }: SigningKeyTable): SigningKey {
  return openSigningKey({ id, alg }, keys.open('signing-key', bindingOf(id, alg), sealed_jwk).toString());
}

/** The key that was activated last. */
function inUse({ rows, opened }: Held, alg: SigningAlgorithm, now: number): SigningKey | undefined {
  const index = rows.findIndex((row) => row.alg === alg && row.activated_at <= now);
  return opened[index];
}

/** No client has the list yet, so the first key signs at once. When two nodes start together, only one makes it. */
async function makeFirst(env: SigningEnv, alg: SigningAlgorithm): Promise<void> {
  const { id, jwk } = await makeSigningKey(alg);
  const now = env.now();
  const sealed_jwk = env.keys.seal('signing-key', bindingOf(id, alg), jwk);
  await env.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const isThere = (await listSigningKeys(tx)).some((row) => row.alg === alg && row.activated_at <= now);
    if (isThere) return;
    await createSigningKey(tx, { id, alg, sealed_jwk, created_at: now, activated_at: now, retired_at: null });
  });
}

/** A key signs for this long. If the key ring leaks, `keys rotate` deals with what it seals. */
const KEY_SECONDS = 90 * DAY_SECONDS;
/** A new key is published for a day before it signs, because clients cache the list for up to a day. */
const PUBLISHED_FIRST_SECONDS = DAY_SECONDS;
/** A client sends an ID token again at sign-out, long after the token has expired. */
const PUBLISHED_AFTER_SECONDS = 30 * DAY_SECONDS;

/** Publishes the next key of each algorithm in time, and retires keys that were replaced long ago. */
export async function rotateSigningKeys(env: SigningEnv): Promise<void> {
  const now = env.now();
  const rows = await listSigningKeys(env.db.read);
  for (const alg of ['ES256', 'RS256'] as const) {
    const [newest, ...older] = rows.filter((row) => row.alg === alg);
    if (newest === undefined) continue;
    if (newest.activated_at + KEY_SECONDS - PUBLISHED_FIRST_SECONDS <= now) await publishNext(env, alg, newest.id);
    if (newest.activated_at + PUBLISHED_AFTER_SECONDS > now) continue;
    for (const { id } of older) await env.db.transaction((tx) => retireSigningKey(tx, id, now));
  }
}

/** When two nodes do this at the same time, only one of them succeeds. */
async function publishNext(env: SigningEnv, alg: SigningAlgorithm, after: string): Promise<void> {
  const { id, jwk } = await makeSigningKey(alg);
  const sealed_jwk = env.keys.seal('signing-key', bindingOf(id, alg), jwk);
  const now = env.now();
  await env.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const newest = (await listSigningKeys(tx)).find((row) => row.alg === alg);
    if (newest?.id !== after) return;
    const activated_at = now + PUBLISHED_FIRST_SECONDS;
    await createSigningKey(tx, { id, alg, sealed_jwk, created_at: now, activated_at, retired_at: null });
  });
}

/** A row is bound to its algorithm, so a key for one algorithm is never used for another. */
function bindingOf(id: string, alg: SigningAlgorithm) {
  return { table: 'signing_keys', rowId: id, userId: alg };
}
