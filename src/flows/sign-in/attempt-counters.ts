import {
  type AttemptCounter,
  attemptCounter,
  type CounterKeys,
  type CounterOwners,
  type KindOf,
  keysOf,
  keysOfFactors,
  splitAttemptCounter,
} from '#core/limits/counter-kinds.ts';
import { addressBucket, type Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteTries, deleteTriesUnder } from '#store/limits/attempts.ts';
import { listLinkIds } from '#store/people/links.ts';
import { listDeviceIds } from '#store/sign-in/devices.ts';

/**
 * The counters of one try at a one-time code: one for each known device of the person and one for all unknown
 * devices together, whichever of the person's apps the code is of, so that a stranger's failures never slow down a device that this user has used before.
 */
export function oneTimeCodeCounters(
  env: Env,
  budgetId: string,
  deviceId: string | undefined,
  client: Client,
): readonly AttemptCounter[] {
  const own = oneTimeCodeCounter(budgetId, deviceId);
  return inKeyOrder([own, ...ofStranger(env, 'address-code', deviceId, client)]);
}

export function oneTimeCodeCounter(budgetId: string, deviceId: string | undefined): AttemptCounter {
  return splitAttemptCounter('code', budgetId, deviceId);
}

export function recoveryCodeCounters(
  env: Env,
  userId: string,
  deviceId: string | undefined,
  client: Client,
): readonly AttemptCounter[] {
  const own = recoveryCodeCounter(userId, deviceId);
  return inKeyOrder([own, ...ofStranger(env, 'address-code', deviceId, client)]);
}

export function recoveryCodeCounter(userId: string, deviceId: string | undefined): AttemptCounter {
  return splitAttemptCounter('recovery', userId, deviceId);
}

/** The counters of one try with a passkey. A person who tries a passkey never uses up tries of codes. */
export function passkeyCounters(
  env: Env,
  userId: string,
  deviceId: string | undefined,
  client: Client,
): readonly AttemptCounter[] {
  const own = passkeyCounter(userId, deviceId);
  return inKeyOrder([own, ...ofStranger(env, 'address-code', deviceId, client)]);
}

export function passkeyCounter(userId: string, deviceId: string | undefined): AttemptCounter {
  return splitAttemptCounter('passkey', userId, deviceId);
}

/** The counter of answers by passkeys that nobody has, from one network. */
export function strangerCounters(env: Env, client: Client): readonly AttemptCounter[] {
  return ofStranger(env, 'address-code', undefined, client);
}

/** The counter of challenges for sign-ins with a passkey alone: anybody may ask for one. */
export function challengeCounters(env: Env, client: Client): readonly AttemptCounter[] {
  return ofStranger(env, 'address-passkey-challenge', undefined, client);
}

/**
 * The counters of one try at a password. A known device has only its own bucket; an unknown one uses the bucket of the
 * email, which exists whether or not there is a user.
 *
 * @param email canonical
 */
export function passwordCounters(
  env: Env,
  email: string,
  deviceId: string | undefined,
  client: Client,
): readonly AttemptCounter[] {
  if (deviceId !== undefined) return [attemptCounter('password-device', deviceId)];
  const own = emailCounter(env, 'password', email);
  return inKeyOrder([own, ...ofStranger(env, 'address-password', deviceId, client)]);
}

/** The counter of requests for a reset link from one network. */
export function resetCounters(env: Env, deviceId: string | undefined, client: Client): readonly AttemptCounter[] {
  return ofStranger(env, 'address-reset', deviceId, client);
}

/** A counter of one email. @param email canonical */
export function emailCounter(env: Pick<Env, 'keys'>, kind: KindOf<'email'>, email: string): AttemptCounter {
  return attemptCounter(kind, env.keys.mac('email', email));
}

export function networkCounter(env: Pick<Env, 'keys'>, kind: KindOf<'network'>, client: Client): AttemptCounter {
  return attemptCounter(kind, networkHash(env, client));
}

export function networkHash(env: Pick<Env, 'keys'>, { address = '' }: Client): string {
  return env.keys.mac('email', addressBucket(address));
}

/**
 * Everything that counters of this person can belong to. Call it before the rows of the person are deleted.
 *
 * @param emails canonical; each one has a keyed hash under every key of the ring
 */
export async function counterOwnersOf(
  env: Pick<Env, 'keys'>,
  queries: Queries,
  userId: string,
  emails: readonly string[],
): Promise<CounterOwners> {
  const factors = await factorsOf(queries, userId);
  return {
    person: [userId],
    authenticator: factors ? [...new Set(factors.all.map((one) => one.budgetId))] : [],
    device: await listDeviceIds(queries, userId),
    email: emails.flatMap((email) => env.keys.macs('email', email).map(({ mac }) => mac)),
    link: await listLinkIds(queries, userId),
  };
}

/** Deletes everything counted for these owners, because no foreign key connects a counter with its owner. */
export function forgetCounters(tx: Queries, owners: Partial<CounterOwners>): Promise<void> {
  return deleteCounters(tx, keysOf(owners));
}

/** Deletes the counters that a reset of MFA clears. */
export function forgetFactorCounters(tx: Queries, owners: CounterOwners): Promise<void> {
  return deleteCounters(tx, keysOfFactors(owners));
}

async function deleteCounters(tx: Queries, { keys, prefixes }: CounterKeys): Promise<void> {
  for (const prefix of prefixes) await deleteTriesUnder(tx, prefix);
  await deleteTries(tx, keys);
}

/** Failures of others in the same network never slow down a known device. */
function ofStranger(
  env: Env,
  kind: KindOf<'network'>,
  deviceId: string | undefined,
  client: Client,
): readonly AttemptCounter[] {
  return deviceId !== undefined || client.address === undefined ? [] : [networkCounter(env, kind, client)];
}

/** All transactions lock the rows in the same order, so two of them cannot deadlock. */
function inKeyOrder(counters: readonly AttemptCounter[]): readonly AttemptCounter[] {
  return counters.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}
