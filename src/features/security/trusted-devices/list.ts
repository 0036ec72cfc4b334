import type { Client } from '#core/sessions/client.ts';
import { mayTrustDevices } from '#core/sessions/trusted-device.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { endTrust } from '#flows/trusted-devices/end.ts';
import { readTrust } from '#flows/trusted-devices/presented.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { listTrustedDevices } from '#store/sign-in/trusted-devices.ts';

/** A device on which this person needs no code. */
export type TrustedPlace = {
  readonly id: string;
  readonly isThis: boolean;
  readonly userAgent: string | undefined;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
};

/** Every trusted device of the person: this one first, then the newest. */
export async function listTrusted(env: Env, { user }: Session, client: Client): Promise<readonly TrustedPlace[]> {
  const { own } = await readTrust(env, env.db.read, user.id, client);
  const devices = await listTrustedDevices(env.db.read, user.id, env.now());
  const places = devices.map((device) => ({ ...device, isThis: device.id === own?.id }));
  return places.toSorted((one, other) => Number(other.isThis) - Number(one.isThis));
}

export function canTrust(env: Pick<Env, 'now'>, { user, partner }: Pick<Session, 'user' | 'partner'>): boolean {
  return mayTrustDevices(partner, user.role, env.now());
}

/** For the overview; undefined where the person can trust no device. */
export async function countTrusted(env: Env, session: Session): Promise<number | undefined> {
  const { length } = await listTrustedDevices(env.db.read, session.user.id, env.now());
  return length > 0 || canTrust(env, session) ? length : undefined;
}

/** Ends one of the person's own devices, or all of them. Another person's id is treated as unknown. */
export async function endTrusted(
  env: Env,
  session: GrantedSession,
  deviceId: string | undefined,
  client: Client,
): Promise<void> {
  const { user } = session;
  const of = { user, actor: user.id, client, keepSessionId: session.id };
  const what = deviceId === undefined ? { reason: 'ended_all' as const } : { reason: 'ended_one' as const, deviceId };
  await ownTransaction(env, session, (tx) => endTrust(env, tx, of, what));
}
