import type { Client } from '#core/sessions/client.ts';
import {
  mayTrustDevices,
  TRUSTED_DEVICE_SECONDS,
  TRUSTED_DEVICES_PER_USER,
  trustCookie,
} from '#core/sessions/trusted-device.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { createTrustedDevice, listTrustedDevices } from '#store/sign-in/trusted-devices.ts';
import { endTrust } from './end.ts';
import { authenticatorsDigest, readTrust } from './presented.ts';

/**
 * Trusts this browser, after a sign-in with every factor; answers the cookie. Undefined if the partner, read under a
 * lock, does not allow it. The transaction has locked the person.
 */
export async function trustDevice(
  env: Env,
  tx: Queries,
  { user, partner }: Person,
  client: Client,
): Promise<string | undefined> {
  if (!partner) return undefined;
  await holdPartner(tx, partner.id);
  const fresh = await findPerson(tx, user.id);
  if (!fresh || !mayTrustDevices(fresh.partner, fresh.user.role, env.now())) return undefined;
  const of = { user, actor: user.id, client };
  const { own, others } = await readTrust(env, tx, user.id, client);
  if (own) await endTrust(env, tx, of, { reason: 'replaced', deviceId: own.id });
  const [id, secret, now] = [env.newId(), newToken(env.random), env.now()];
  await createTrustedDevice(tx, {
    id,
    user_id: user.id,
    secret_hash: tokenHash(secret),
    previous_secret_hash: null,
    authenticators: await authenticatorsDigest(tx, user.id),
    address: client.address ?? null,
    user_agent: client.userAgent ?? null,
    created_at: now,
    last_used_at: now,
    expires_at: now + TRUSTED_DEVICE_SECONDS,
  });
  const who = { actor: user.id, subject: user.id, partner: partner.id };
  await appendEvent(env, tx, { action: 'trusted_device.created', ...who, detail: { deviceId: id } }, client);
  for (const oldest of (await listTrustedDevices(tx, user.id, now)).slice(TRUSTED_DEVICES_PER_USER)) {
    await endTrust(env, tx, of, { reason: 'too_many', deviceId: oldest.id });
  }
  await queueMail(env, tx, user, { kind: 'trusted_device_created', ...whereFrom(client) });
  return trustCookie([...others, { id, secret }]);
}
