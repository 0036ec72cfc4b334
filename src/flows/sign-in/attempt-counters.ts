import { RULES, type Rule } from '#core/limits/throttle.ts';
import { addressBucket, type Client } from '#core/sessions/client.ts';
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

export function recoveryCodeDrawKey(userId: string): string {
  return `recovery-draws:${userId}`;
}

/** The counter of one link that sets a password. */
export function linkLane(linkId: string): Lane {
  return { key: `link:${linkId}`, rule: RULES.linkPasswords };
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
  return [...COUNTED_BY_EMAIL].flatMap((kind) =>
    older.map(({ mac }) => ({ from: `${kind}:${mac}`, to: `${kind}:${active?.mac}` })),
  );
}

/** What may be counted for an email, under whichever key of the ring. */
export function emailCounterNames(env: Pick<Env, 'keys'>, email: string): readonly string[] {
  return env.keys
    .macs('email', email)
    .flatMap(({ mac }) => ['mail-password', ...COUNTED_BY_EMAIL].map((kind) => `${kind}:${mac}`));
}

/** What is mailed to an address counts in shares, so that one kind of mail never eats another's. */
const MAIL_SHARES = ['resets', 'invitations', 'confirmations', 'changes', 'notices', 'digests'] as const;
export type MailShare = (typeof MAIL_SHARES)[number];

const COUNTED_BY_EMAIL = ['password', 'reset-mail', ...MAIL_SHARES.map((share) => `mailed-${share}` as const)];

export function mailKey(env: Env, share: MailShare, email: string): string {
  return `mailed-${share}:${env.keys.mac('email', email)}`;
}

export function passwordKey(env: Env, email: string): string {
  return `password:${env.keys.mac('email', email)}`;
}

export function resetMailKey(env: Env, email: string): string {
  return `reset-mail:${env.keys.mac('email', email)}`;
}

/** The counter of requests for a reset link from one network. */
export function resetLanes(env: Env, deviceId: string | undefined, client: Client): readonly Lane[] {
  return addressLanes(env, 'address-reset', RULES.addressResets, deviceId, client);
}

function addressLanes(
  env: Env,
  name: string,
  rule: Rule,
  deviceId: string | undefined,
  client: Client,
): readonly Lane[] {
  if (deviceId !== undefined || client.address === undefined) return [];
  return [{ key: addressKey(env, name, client), rule }];
}

/** A counter of one network. */
export function addressKey(env: Pick<Env, 'keys'>, name: string, { address = '' }: Client): string {
  return `${name}:${env.keys.mac('email', addressBucket(address))}`;
}

/** Two transactions that lock the same rows in one order never wait for each other in a circle. */
function inKeyOrder(lanes: readonly Lane[]): readonly Lane[] {
  return lanes.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}
