import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { unlockTries } from '#core/limits/throttle.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { changeTries, reserveTries } from '#store/limits/attempts.ts';
import { claimLink, isLinkLive, revokeLinks } from '#store/people/links.ts';
import { noteEmailProven } from '#store/people/user-life.ts';
import { findPerson, type Person, replacePassword } from '#store/people/users.ts';
import { deleteDevices } from '#store/sign-in/devices.ts';
import { reopen } from './check-password.ts';
import { type HashTry, linkHolderAt } from './hash-turn.ts';
import { knowDevice } from './know-device.ts';

/** The hash queue share for a password sent with a link, and a counter that counts while the link is valid. */
export function linkTry(linkId: string, client: Client): Pick<HashTry, 'asker' | 'counters' | 'reserve'> {
  const counters = [attemptCounter('link', linkId)];
  return {
    asker: linkHolderAt(linkId, client),
    counters,
    reserve: async (tx, now) =>
      (await isLinkLive(tx, linkId, now)) ? reserveTries(tx, counters, now) : refuse('not_found'),
  };
}

export type PasswordByLink = {
  readonly linkId: string;
  readonly userId: string;
  readonly sealedPassword: string;
  readonly client: Client;
};

/** The person as they were before, and the device cookie of the browser that used the link. */
export type LinkFinished = { readonly person: Person; readonly deviceId: string; readonly deviceToken: string };

/**
 * Uses a link, sets the new password and makes this browser the only known one of the person.
 *
 * `not_found` if the link is used or expired, or the person cannot sign in: the caller must roll the transaction back.
 */
export async function setPasswordByLink(
  env: Env,
  tx: Queries,
  { linkId, userId, sealedPassword, client }: PasswordByLink,
): Promise<LinkFinished | Refusal> {
  const now = env.now();
  if (!(await claimLink(tx, linkId, now))) return refuse('not_found');
  const person = await findPerson(tx, userId);
  if (!person || isShutOut(person)) return refuse('not_found');
  const from = person.user.sealedPassword;
  if (!(await replacePassword(tx, userId, { from, to: sealedPassword, chosenAt: now }))) return refuse('not_found');
  await noteEmailProven(tx, userId);
  await revokeLinks(tx, userId);
  // Clears the lockout for unknown devices. The budgets of codes stay, because a mailbox is no second factor.
  await reopen(env, tx, person.user.email, now);
  return { person, ...(await knowByLink(env, tx, userId, client)) };
}

/** Makes the browser that used a link known, and forgets every other device and this browser's earlier tokens. */
export async function knowByLink(
  env: Env,
  tx: Queries,
  userId: string,
  client: Client,
): Promise<{ readonly deviceId: string; readonly deviceToken: string }> {
  const now = env.now();
  await deleteDevices(tx, userId);
  // All devices that links make known for a user share one id. Counters are stored by device, so with a new id each
  // link would give a fresh budget of wrong codes, and a person who reads the mail could guess without limit.
  const deviceId = userId;
  const { cookie } = await knowDevice(env, tx, userId, client, deviceId);
  const { key, rule } = attemptCounter('password-device', deviceId);
  await changeTries(tx, key, (state) => unlockTries(rule, state), now);
  return { deviceId, deviceToken: cookie };
}
