import type { Client } from '#core/sessions/client.ts';
import { DEVICE_SECONDS, PEOPLE_PER_BROWSER } from '#core/sessions/session.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { createDevice, findDeviceOf, listLiveDevices } from '#store/sign-in/devices.ts';

/** A browser that is now known for a user, and its device cookie. */
export type KnownDevice = { readonly id: string; readonly cookie: string };

type Browser = Pick<Client, 'deviceToken' | 'userAgent'>;

/** The id under which this browser is known for a user, or undefined. */
export function findKnownDevice(env: Env, browser: Browser, userId: string): Promise<string | undefined> {
  return findDeviceOf(env.db.read, tokensOf(browser).map(tokenHash), userId, env.now());
}

/**
 * Makes this browser known for a user, with a separate token for each user. So a device cookie that somebody copied
 * earlier is useless for people who sign in later. Valid tokens of other users stay in the cookie.
 */
export async function knowDevice(
  env: Env,
  tx: Queries,
  userId: string,
  browser: Browser,
  id: string = env.newId(),
): Promise<KnownDevice> {
  const now = env.now();
  const token = newToken(env.random);
  const others = await listLiveDevices(tx, tokensOf(browser).map(tokenHash), now);
  await createDevice(tx, {
    id,
    user_id: userId,
    token_hash: tokenHash(token),
    created_at: now,
    expires_at: now + DEVICE_SECONDS,
    user_agent: browser.userAgent ?? null,
    last_used_at: now,
  });
  const isOfOthers = (one: string) => others.some((row) => row.token_hash === tokenHash(one) && row.user_id !== userId);
  const ofOthers = tokensOf(browser).filter(isOfOthers);
  return { id, cookie: [...ofOthers, token].slice(-PEOPLE_PER_BROWSER).join('.') };
}

function tokensOf({ deviceToken }: Browser): readonly string[] {
  return deviceToken === undefined ? [] : deviceToken.split('.');
}
