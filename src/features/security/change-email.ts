import type { AuditDetail } from '#core/audit/actions.ts';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { canonicalEmail } from '#core/people/email.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { claimOfEmail, leaveEmail } from '#flows/administration/former-emails.ts';
import { makeEmailLink } from '#flows/administration/make-link.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { checkPasswordTry } from '#flows/sign-in/check-password.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { personAt } from '#flows/sign-in/hash-turn.ts';
import { noteRefusal, refusalKey } from '#flows/sign-in/note-refusal.ts';
import { isSamePassword } from '#flows/sign-in/passwords.ts';
import { queueMailOrPretend } from '#flows/sign-in/warn-of-passwords.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import {
  claimEmailLink,
  deleteWaitingEmail,
  type EmailLink,
  findEmailLink,
  isEmailHeld,
} from '#store/people/email-links.ts';
import { revokeLinks } from '#store/people/links.ts';
import { isTaken, setEmail } from '#store/people/user-life.ts';
import { findPerson, findPersonByEmail } from '#store/people/users.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { setNotice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { checkFreeze } from './freeze.ts';

export type EmailChange = { readonly email: string; readonly current: string };

/** Which of the two fields was refused. */
export type EmailRefused = {
  readonly field: 'email' | 'current';
  readonly refusal: Refusal;
  /** The current password is missing, too. */
  readonly noPassword?: boolean;
};

/**
 * Requests another email: it gets a link, and nothing changes until that is followed. A newer request replaces a
 * waiting one. Neither the answer nor any page reveals whether the email is taken: the same row is written, and its
 * owner gets a notice instead of the link, which then nobody knows.
 */
export async function requestEmail(
  env: Env,
  session: GrantedSession,
  typed: EmailChange,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | EmailRefused> {
  const { user, partner, deviceId } = session;
  const authority = { kind: 'session', session } as const;
  const frozen = await checkFreeze(env, env.db.read, session, await factorsOf(env.db.read, user.id));
  if (frozen) return refused(env, session, client, frozen, 'frozen');
  const email = canonicalEmail(typed.email);
  const noPassword = typed.current === '';
  if (email === undefined || email === user.email) {
    const reason = email === undefined ? 'email' : 'same_email';
    return { field: 'email', refusal: refuse('invalid_request', { reason }), noPassword };
  }
  // Nothing was tried, so nothing is counted.
  if (noPassword) return { field: 'current', refusal: refuse('invalid_request', { reason: 'password' }) };
  const asker = personAt(user.id, client);
  const known = { person: { user, partner }, deviceId, client, asker, authority };
  const attempt = { email: user.email, password: typed.current, ...known };
  const proven = await checkPasswordTry(env, attempt, async () => true);
  if (!('opened' in proven)) {
    const reason = proven.fault === 'wrong_password' ? proven.fault : proven.refusal.refused;
    return refused(env, session, client, proven.refusal, reason);
  }
  const asked = await ownTransaction<true>(env, session, (tx) =>
    around(tx, () => ask(env, tx, session, { email, client })),
  );
  return isRefusal(asked) ? refused(env, session, client, asked, asked.refused) : asked;
}

async function ask(
  env: Env,
  tx: Queries,
  session: Session,
  { email, client }: { readonly email: string; readonly client: Client },
): Promise<true | Refusal> {
  const { user } = session;
  const person = await findPerson(tx, user.id);
  if (!person || !isSamePassword(env, person.user, user)) return refuse('invalid_credentials');
  const limit = attemptCounter('email-change', user.id);
  const tooMany = await reserveTries(tx, [limit], env.now());
  if (isRefusal(tooMany)) return tooMany;
  await deleteWaitingEmail(tx, user.id);
  const link = await makeEmailLink(env, tx, { purpose: 'confirm', userId: user.id, email });
  const owner = await findPersonByEmail(tx, email);
  const isHeld = await isEmailHeld(tx, email, user.id, env.now());
  const isReserved = (await claimOfEmail(env, tx, user.id, email)) === 'reserved';
  const receiver = { email, locale: owner?.user.locale ?? user.locale ?? client.locale };
  if (owner || isHeld || isReserved) {
    // A reserved email has no owner, so there is nobody to notify.
    const to = owner || isHeld ? { ...receiver, partnerId: owner?.user.partnerId } : undefined;
    await queueMailOrPretend(env, tx, { receiver: to, counted: email }, { kind: 'email_in_use' });
    const event = { action: 'email.change_refused', ...whose(session), detail: { reason: 'taken' } } as const;
    await appendEvent(env, tx, event, client);
  } else {
    await queueMail(env, tx, { ...receiver, partnerId: user.partnerId }, { kind: 'email_confirm', link });
    await appendEvent(env, tx, { action: 'email.change_requested', ...whose(session), detail: {} }, client);
  }
  // Hashing took time. A session that ended in the meantime changes nothing.
  const isSaved = await setNotice(tx, session.id, noticeText({ kind: 'email_requested' }));
  return isSaved || refuse('sign_in_expired');
}

/**
 * The new email that a link confirms, only for its own signed-in person. Reading does not use it up.
 *
 * @param askedBy a change that staff asked for has a page of its own, which needs a fresh proof
 */
export async function findConfirmation(
  env: Env,
  session: Session,
  token: string,
  askedBy: 'person' | 'staff',
): Promise<EmailLink | undefined> {
  const link = await findEmailLink(env.db.read, tokenHash(token), 'confirm', env.now());
  const isTheirs = link?.userId === session.user.id;
  return isTheirs && link.isByStaff === (askedBy === 'staff') ? link : undefined;
}

/**
 * Changes the email, once. Every other session and every link to the old email are revoked. A new link goes to the old
 * email and restores it for 72 hours. `not_found` if the link was used or withdrawn in the meantime, or the email was
 * taken. `forbidden` while a password reset by mail link freezes the email.
 */
export async function confirmEmail(
  env: Env,
  session: GrantedSession,
  link: EmailLink,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  try {
    return await ownTransaction<true>(env, session, (tx) =>
      around(tx, () => change(env, tx, session, { link, client })),
    );
  } catch (error) {
    if (isTaken(error)) return refuse('not_found');
    throw error;
  }
}

async function change(
  env: Env,
  tx: Queries,
  session: Session,
  { link, client }: { readonly link: EmailLink; readonly client: Client },
): Promise<true | Refusal> {
  const now = env.now();
  const { id: userId } = session.user;
  const frozen = await checkFreeze(env, tx, session, await factorsOf(tx, userId));
  if (frozen) return frozen;
  if (!(await claimEmailLink(tx, link.id, now))) return refuse('not_found');
  const user = (await findPerson(tx, userId))?.user;
  if (!user) return refuse('not_found');
  if (!(await setEmail(tx, user, { from: user.email, to: link.email, isProven: true }))) return refuse('not_found');
  // Checked after the row has changed: a concurrent change that frees this email has committed by now, or waits for us.
  if (await isEmailHeld(tx, link.email, userId, now)) return refuse('not_found');
  if ((await claimOfEmail(env, tx, userId, link.email)) === 'reserved') return refuse('not_found');
  await leaveEmail(env, tx, user.email, { reserve: false });
  await revokeLinks(tx, userId);
  const back = await makeEmailLink(env, tx, { purpose: 'revert', userId, email: user.email });
  await queueMail(env, tx, user, { kind: 'email_changed', link: back, ...whereFrom(client) });
  await appendEvent(env, tx, { action: 'email.changed', ...whose(session), detail: {} }, client);
  const ended = await endOthers(env, tx, { user, keepSessionId: session.id, client }, 'email_changed');
  const isSaved = await setNotice(tx, session.id, noticeText({ kind: 'email_changed', ended }));
  return isSaved || refuse('sign_in_expired');
}

type Reason = AuditDetail<'email.change_refused'>['reason'];

async function refused(
  env: Env,
  session: Session,
  client: Client,
  refusal: Refusal,
  reason: Reason,
): Promise<EmailRefused> {
  const event = { action: 'email.change_refused', ...whose(session), detail: { reason } } as const;
  await noteRefusal(env, { event, client, key: refusalKey(env, refusal, client) });
  return { field: 'current', refusal };
}

function whose({ user }: Session) {
  return { actor: user.id, subject: user.id, partner: user.partnerId };
}
