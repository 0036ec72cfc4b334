import type { Client } from '#core/client.ts';
import { DEVICE_SECONDS } from '#core/session.ts';
import { newToken, tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/database.ts';
import { createDevice } from '#store/devices.ts';

/** A browser that is now known for a user, and the cookie that says so. */
export type KnownDevice = { readonly id: string; readonly token: string };

/** Makes this browser known for a user. It keeps one device cookie; each of its users makes it known for themselves. */
export async function knowDevice(env: Env, tx: Queries, userId: string, client: Client): Promise<KnownDevice> {
  const token = client.deviceToken ?? newToken(env.random);
  const id = env.newId();
  const now = env.now();
  await createDevice(tx, {
    id,
    user_id: userId,
    token_hash: tokenHash(token),
    created_at: now,
    expires_at: now + DEVICE_SECONDS,
  });
  return { id, token };
}
