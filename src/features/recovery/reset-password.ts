import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { type Around, personTransaction, plainly } from '#flows/runtime/transaction.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { hashNewPassword } from '#flows/sign-in/new-password.ts';
import { type LinkFinished, linkTry, type PasswordByLink, setPasswordByLink } from '#flows/sign-in/password-by-link.ts';
import type { Queries } from '#store/engine/database.ts';
import { findLink } from '#store/people/links.ts';
import { notePasswordReset } from '#store/people/user-life.ts';
import { findPerson, type Person, type User } from '#store/people/users.ts';

export type OpenReset = { readonly linkId: string; readonly person: Person };

/** The person whose password a link sets; undefined if it is used, expired or unknown. Reading does not use it up. */
export async function findReset(env: Env, token: string): Promise<OpenReset | undefined> {
  const link = await findLink(env.db.read, tokenHash(token), ['reset'], env.now());
  const person = link?.userId === undefined ? undefined : await findPerson(env.db.read, link.userId);
  if (!link || !person || isShutOut(person)) return undefined;
  return { linkId: link.id, person };
}

/**
 * Sets the new password, once, and revokes everything that the old one opened. It creates no session, because the
 * second factor is still required. `not_found` if the link was used in the meantime.
 */
export async function resetPassword(
  env: Env,
  { linkId, person: { user, partner } }: OpenReset,
  password: string,
  client: Client,
  around: Around<LinkFinished> = plainly,
): Promise<LinkFinished | Refusal> {
  const owner = { ...user, partner };
  return hashNewPassword(env, owner, password, linkTry(linkId, client), (sealedPassword) => {
    const byLink = { linkId, userId: user.id, sealedPassword, client };
    return personTransaction(env.db, user.id, (tx) => around(tx, () => set(env, tx, user, byLink)));
  });
}

async function set(env: Env, tx: Queries, user: User, byLink: PasswordByLink): Promise<LinkFinished | Refusal> {
  const { client } = byLink;
  const finished = await setPasswordByLink(env, tx, byLink);
  if (isRefusal(finished)) return finished;
  await notePasswordReset(tx, user.id, env.now());
  await endOthers(env, tx, { user, keepSessionId: '', client }, 'password_changed');
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'password.reset', ...whose, detail: {} }, client);
  await queueMail(env, tx, user, { kind: 'password_changed', ...whereFrom(client) });
  return finished;
}
