import type { Client } from '#core/sessions/client.ts';
import { type Presented, readTrustCookie } from '#core/sessions/trusted-device.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { findTrustedDevices, listAuthenticatorIds, type TrustedDevice } from '#store/sign-in/trusted-devices.ts';

/** What a browser presents: the device of this person, if any, and the current secrets of other people on it. */
export type PresentedTrust = {
  readonly own: (Presented & { readonly device: TrustedDevice }) | undefined;
  readonly others: readonly Presented[];
};

export async function readTrust(
  env: Pick<Env, 'now'>,
  queries: Queries,
  userId: string,
  { trustCookie }: Pick<Client, 'trustCookie'>,
): Promise<PresentedTrust> {
  const presented = readTrustCookie(trustCookie);
  const ids = presented.map(({ id }) => id);
  const devices = await findTrustedDevices(queries, ids, env.now());
  const known = presented.flatMap((one) => {
    const device = devices.find(({ id }) => id === one.id);
    return device ? [{ ...one, device }] : [];
  });
  return {
    own: known.findLast(({ device }) => device.userId === userId),
    others: known.filter(({ device, secret }) => device.userId !== userId && device.secretHash === tokenHash(secret)),
  };
}

/** Changes with every authenticator that is added, removed or replaced. */
export async function authenticatorsDigest(queries: Queries, userId: string): Promise<string> {
  return tokenHash((await listAuthenticatorIds(queries, userId)).join('\n'));
}
