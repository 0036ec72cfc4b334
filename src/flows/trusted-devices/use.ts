import type { Client } from '#core/sessions/client.ts';
import { judgeSecret, mayTrustDevices, type Presented, trustCookie } from '#core/sessions/trusted-device.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { rotateTrustedDevice, type TrustedDevice } from '#store/sign-in/trusted-devices.ts';
import { endTrust } from './end.ts';
import { authenticatorsDigest, readTrust } from './presented.ts';

/** A trusted device that stood in for the second factor, and the cookie with its next secret. */
export type UsedTrust = { readonly id: string; readonly cookie: string };

/**
 * After the right password of a person who has an authenticator: whether this browser needs no code.
 *
 * A secret works once. One that was replaced ends its device, and what it opened: somebody may have a copy of the
 * cookie, and nothing says which of the two browsers is the owner's. The transaction has locked the person.
 */
export async function useTrustedDevice(
  env: Env,
  tx: Queries,
  person: Person,
  client: Client,
): Promise<UsedTrust | undefined> {
  const { own, others } = await readTrust(env, tx, person.user.id, client);
  if (!own || !(await isAllowed(tx, person, env.now()))) return undefined;
  const sent = { hash: tokenHash(own.secret), address: client.address, userAgent: client.userAgent };
  switch (judgeSecret(own.device, sent, env.now())) {
    case 'at_once':
      return undefined;
    case 'reused':
      await endReused(env, tx, person, own.device, client);
      return undefined;
    case 'current':
      return rotate(env, tx, own.device, { from: sent.hash, others, client, person });
  }
}

/** Read under a lock: a partner that no longer allows it ends the devices before this, or waits and ends the session. */
async function isAllowed(tx: Queries, { user, partner }: Person, now: number): Promise<boolean> {
  if (!partner || !mayTrustDevices(partner, user.role, now)) return false;
  await holdPartner(tx, partner.id);
  const fresh = await findPerson(tx, user.id);
  return fresh !== undefined && mayTrustDevices(fresh.partner, fresh.user.role, now);
}

type Turn = {
  readonly from: string;
  readonly others: readonly Presented[];
  readonly client: Client;
  readonly person: Person;
};

async function rotate(
  env: Env,
  tx: Queries,
  { id }: TrustedDevice,
  { from, others, client, person: { user } }: Turn,
): Promise<UsedTrust | undefined> {
  const secret = newToken(env.random);
  const isUsed = await rotateTrustedDevice(tx, {
    id,
    userId: user.id,
    authenticators: await authenticatorsDigest(tx, user.id),
    from,
    to: tokenHash(secret),
    address: client.address ?? null,
    userAgent: client.userAgent ?? null,
    now: env.now(),
  });
  const who = { actor: user.id, subject: user.id, partner: user.partnerId };
  if (!isUsed) {
    // The person's authenticators are others than the device was trusted with.
    await endTrust(env, tx, { user, actor: user.id, client }, { reason: 'authenticator_changed', deviceId: id });
    return undefined;
  }
  await appendEvent(env, tx, { action: 'trusted_device.used', ...who, detail: { deviceId: id } }, client);
  return { id, cookie: trustCookie([...others, { id, secret }]) };
}

async function endReused(env: Env, tx: Queries, { user }: Person, { id }: TrustedDevice, client: Client) {
  const who = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'trusted_device.reused', ...who, detail: { deviceId: id } }, client);
  await endTrust(env, tx, { user, actor: user.id, client }, { reason: 'reused', deviceId: id });
  await queueMail(env, tx, user, { kind: 'trusted_device_reused', ...whereFrom(client) });
}
