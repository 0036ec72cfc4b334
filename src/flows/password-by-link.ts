import { type Refusal, refuse } from '#core/result.ts';
import { DEVICE_SECONDS } from '#core/session.ts';
import { RULES, unlockTries } from '#core/throttle.ts';
import { newToken, tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { changeTries } from '#store/attempts.ts';
import type { Queries } from '#store/database.ts';
import { createDevice, deleteDevices } from '#store/devices.ts';
import { claimLink, revokeLinks } from '#store/links.ts';
import { findPerson, type Person, replacePassword } from '#store/users.ts';
import { reopen } from './check-password.ts';

export type PasswordByLink = { readonly linkId: string; readonly userId: string; readonly sealedPassword: string };

/** The person as they were before, and the device cookie of the browser in which the link was finished. */
export type LinkFinished = { readonly person: Person; readonly deviceId: string; readonly deviceToken: string };

/**
 * Uses a link up, sets the password that came with it and makes this browser the one that is known for the person.
 *
 * `not_found` when the link is used or over, or the person disabled: the transaction has to be rolled back.
 */
export async function setPasswordByLink(
  env: Env,
  tx: Queries,
  { linkId, userId, sealedPassword }: PasswordByLink,
): Promise<LinkFinished | Refusal> {
  const now = env.now();
  if (!(await claimLink(tx, linkId, now))) return refuse('not_found');
  const person = await findPerson(tx, userId);
  if (!person || person.user.disabledAt !== undefined) return refuse('not_found');
  const from = person.user.sealedPassword;
  if (!(await replacePassword(tx, userId, { from, to: sealedPassword }))) return refuse('not_found');
  await revokeLinks(tx, userId);
  // The door that strangers closed opens. The budgets of codes are left alone: a mailbox is no second factor.
  await reopen(env, tx, person.user.email, now);
  return { person, ...(await knowByLink(env, tx, userId)) };
}

/** Makes a browser known that has finished a link; every other one is forgotten, the cookie it had too. */
export async function knowByLink(
  env: Env,
  tx: Queries,
  userId: string,
): Promise<{ readonly deviceId: string; readonly deviceToken: string }> {
  const now = env.now();
  await deleteDevices(tx, userId);
  const deviceToken = newToken(env.random);
  // One id for all devices that a link ever makes known for a user. Counters are kept by device: with an id of its own
  // each link would bring a fresh budget of wrong codes, and whoever reads the mail could guess without an end.
  const deviceId = userId;
  await createDevice(tx, {
    id: deviceId,
    user_id: userId,
    token_hash: tokenHash(deviceToken),
    created_at: now,
    expires_at: now + DEVICE_SECONDS,
  });
  const rule = RULES.passwordKnownDevice;
  await changeTries(tx, `password-device:${deviceId}`, (state) => unlockTries(rule, state), now);
  return { deviceId, deviceToken };
}
