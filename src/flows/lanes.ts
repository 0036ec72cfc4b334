import { addressBucket, type Client } from '#core/client.ts';
import { RULES, type Rule } from '#core/throttle.ts';
import type { Env } from '#env.ts';

/** One counter and the rule that it follows. */
export type Lane = { readonly key: string; readonly rule: Rule };

/**
 * The counters of one try at a one-time code: the authenticator's own, once for each known device and once for
 * all unknown devices together, so that a stranger's failures never slow a device known for this user.
 */
export function oneTimeCodeLanes(
  env: Env,
  authenticatorId: string,
  deviceId: string | undefined,
  client: Client,
): readonly Lane[] {
  const own = { key: oneTimeCodeKey(authenticatorId, deviceId), rule: RULES.oneTimeCode };
  return inKeyOrder([own, ...addressLanes(env, 'address-code', RULES.addressCodes, deviceId, client)]);
}

export function oneTimeCodeKey(authenticatorId: string, deviceId: string | undefined): string {
  return `${oneTimeCodeKeys(authenticatorId)}${deviceId ?? 'unknown'}`;
}

/** What the keys of an authenticator begin with, whatever the device. */
export function oneTimeCodeKeys(authenticatorId: string): string {
  return `code:${authenticatorId}:`;
}

export function recoveryCodeLanes(
  env: Env,
  userId: string,
  deviceId: string | undefined,
  client: Client,
): readonly Lane[] {
  const own = { key: recoveryCodeKey(userId, deviceId), rule: RULES.recoveryCode };
  return inKeyOrder([own, ...addressLanes(env, 'address-code', RULES.addressCodes, deviceId, client)]);
}

export function recoveryCodeKey(userId: string, deviceId: string | undefined): string {
  return `recovery:${userId}:${deviceId ?? 'unknown'}`;
}

/**
 * The counters of one try at a password. A known device has its own bucket and nothing else; an unknown one shares
 * the bucket of the email, which exists whether or not a user does.
 *
 * @param email canonical
 */
export function passwordLanes(env: Env, email: string, deviceId: string | undefined, client: Client): readonly Lane[] {
  if (deviceId !== undefined) return [{ key: `password-device:${deviceId}`, rule: RULES.passwordKnownDevice }];
  const own = { key: passwordKey(env, email), rule: RULES.passwordUnknownDevice };
  return inKeyOrder([own, ...addressLanes(env, 'address-password', RULES.addressPasswords, deviceId, client)]);
}

/** What the counters of an email are called under each older key of the ring, and what under the active one. */
export function olderCounterNames(env: Pick<Env, 'keys'>, email: string): readonly { from: string; to: string }[] {
  const [active, ...older] = env.keys.macs('email', email);
  return ['password', 'reset-mail'].flatMap((kind) =>
    older.map(({ mac }) => ({ from: `${kind}:${mac}`, to: `${kind}:${active?.mac}` })),
  );
}

/** What may be counted for an email, under whichever key of the ring. */
export function emailCounterNames(env: Pick<Env, 'keys'>, email: string): readonly string[] {
  return env.keys
    .macs('email', email)
    .flatMap(({ mac }) => ['password', 'mail-password', 'reset-mail'].map((kind) => `${kind}:${mac}`));
}

export function passwordKey(env: Env, email: string): string {
  return `password:${env.keys.mac('email', email)}`;
}

export function resetMailKey(env: Env, email: string): string {
  return `reset-mail:${env.keys.mac('email', email)}`;
}

function addressLanes(
  env: Env,
  name: string,
  rule: Rule,
  deviceId: string | undefined,
  client: Client,
): readonly Lane[] {
  if (deviceId !== undefined || client.address === undefined) return [];
  return [{ key: `${name}:${env.keys.mac('email', addressBucket(client.address))}`, rule }];
}

/** Two transactions that lock the same rows in one order never wait for each other in a circle. */
function inKeyOrder(lanes: readonly Lane[]): readonly Lane[] {
  return lanes.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}
