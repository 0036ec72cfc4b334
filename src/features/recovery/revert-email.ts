import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { leaveEmail } from '#flows/administration/former-emails.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { endAll } from '#flows/administration/person-acts.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { type Around, personTransaction, plainly } from '#flows/runtime/transaction.ts';
import { sealPassword } from '#flows/sign-in/passwords.ts';
import type { Queries } from '#store/engine/database.ts';
import { claimEmailLink, deleteEmailLinksAfter, type EmailLink, findEmailLink } from '#store/people/email-links.ts';
import { isTaken, setEmail } from '#store/people/user-life.ts';
import { findPerson, replacePassword } from '#store/people/users.ts';

/** The email that a link restores. Undefined if the link is used, expired or withdrawn. Reading does not use it up. */
export async function findRevert(env: Env, token: string): Promise<EmailLink | undefined> {
  const link = await findEmailLink(env.db.read, tokenHash(token), 'revert', env.now());
  const person = link && (await findPerson(env.db.read, link.userId));
  return person && !isShutOut(person) ? link : undefined;
}

/**
 * Restores the old email, once, and locks out the person who changed it: sessions, open sign-ins, known devices and
 * links are revoked, and the password is replaced by one that nobody knows. The restored email gets a link to set a new
 * one. Older revert links stay valid: after several changes, the first link leads back furthest.
 */
export async function revertEmail(
  env: Env,
  link: EmailLink,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  // This person may be under attack, so it must not wait in the hash queue.
  const sealed = sealPassword(env, link.userId, env.hasher.unknown());
  try {
    return await personTransaction<true>(env.db, link.userId, (tx) =>
      around(tx, () => goBack(env, tx, link, { sealed, client })),
    );
  } catch (error) {
    if (isTaken(error)) return refuse('not_found');
    throw error;
  }
}

async function goBack(
  env: Env,
  tx: Queries,
  { id, userId, email }: EmailLink,
  { sealed, client }: { readonly sealed: string; readonly client: Client },
): Promise<true | Refusal> {
  if (!(await claimEmailLink(tx, id, env.now()))) return refuse('not_found');
  const user = (await findPerson(tx, userId))?.user;
  if (!user) return refuse('not_found');
  if (user.email !== email && !(await setEmail(tx, user, { from: user.email, to: email, isProven: true })))
    return refuse('not_found');
  if (!(await replacePassword(tx, userId, { from: user.sealedPassword, to: sealed, chosenAt: undefined })))
    return refuse('not_found');
  if (user.email !== email) await leaveEmail(env, tx, user.email, { reserve: false });
  await deleteEmailLinksAfter(tx, userId, id);
  await endAll(env, tx, user, { actor: userId, client, because: 'email_reverted' });
  const { url } = await makeLink(env, tx, { purpose: 'reset', userId });
  await queueMail(
    env,
    tx,
    { email, locale: user.locale, partnerId: user.partnerId },
    { kind: 'password_reset', link: url },
  );
  const whose = { actor: userId, subject: userId, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'email.reverted', ...whose, detail: {} }, client);
  return true;
}
