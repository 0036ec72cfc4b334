import type { AuditDetail } from '#core/audit/actions.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { RESET_LINK_SECONDS } from '#core/sessions/session.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent, emailHashOf } from '#flows/runtime/append-event.ts';
import { type Around, transactionOrRefusal } from '#flows/runtime/transaction.ts';
import { emailCounter, resetCounters } from '#flows/sign-in/attempt-counters.ts';
import { findKnownDevice } from '#flows/sign-in/know-device.ts';
import { type NotedRefusal, noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { queueMailOrPretend } from '#flows/sign-in/warn-of-passwords.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockUser } from '#store/engine/locks.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { createLink, deleteLink, revokeResetLinks } from '#store/people/links.ts';
import { findPersonByEmail, type Person } from '#store/people/users.ts';

/**
 * Mails a link to set a new password, if the email is known. Neither the answer nor its time reveals this: for an
 * unknown, disabled or limited email the same link and mail are written for nobody and removed in the same transaction.
 * Only too many requests from one network are refused, for any email. An invited person without a password gets a link
 * too. The invitation stays, because a stranger must not be able to revoke it.
 *
 * @param email canonical
 */
export async function requestResetLink(
  env: Env,
  email: string,
  client: Client,
  around: Around<Requested>,
): Promise<Refusal | undefined> {
  const network = await reserveNetwork(env, email, client);
  if (isRefusal(network)) {
    const event = { action: 'password.reset_refused', detail: { reason: 'too_many_attempts' } } as const;
    await noteRefusal(env, { event, client, key: network.limitedBy });
    return network;
  }
  const requested = await transactionOrRefusal(env.db, (tx) => around(tx, () => request(env, tx, email, client)));
  if (isRefusal(requested)) return requested;
  if (requested.limited !== undefined) await noteRefusal(env, requested.limited);
  return undefined;
}

/** Each request counts for its network, unless it is from a known device of this person. */
async function reserveNetwork(env: Env, email: string, client: Client): Promise<Refusal | undefined> {
  const { read } = env.db;
  const isKnown = client.deviceToken !== undefined;
  const userId = isKnown ? (await findPersonByEmail(read, email))?.user.id : undefined;
  const deviceId = await findKnownDevice(env, client, userId ?? '');
  const counters = resetCounters(env, deviceId, client);
  const counted = await env.db.transaction((tx) => reserveTries(tx, counters, env.now()));
  return isRefusal(counted) ? counted : undefined;
}

/** `limited`: the event of an email over its limit. It is counted, not written. */
export type Requested = { readonly limited: NotedRefusal | undefined };

/** Writes the link and its event. */
async function request(env: Env, tx: Queries, email: string, client: Client): Promise<Requested> {
  const found = await findPersonByEmail(tx, email);
  await lockUser(tx, found?.user.id ?? '');
  // Read again under the lock, so that a person who just changed their email gets no link at the old one.
  const person = await findPersonByEmail(tx, email);
  const limit = await reserveTries(tx, [emailCounter(env, 'reset-mail', email)], env.now());
  const reason = isRefusal(limit) ? 'too_many_attempts' : refusedReason(person);
  const receiver = reason === undefined ? person : undefined;
  // A request over the limit sends no mail, so it must not reduce the number that staff can still send.
  const counted = !isRefusal(limit) && email;
  await writeLink(env, tx, receiver, { pageLocale: client.locale, counted });
  const whose = { subject: person?.user.id, partner: person?.user.partnerId };
  if (receiver) {
    await appendEvent(env, tx, { action: 'password.reset_requested', ...whose, detail: {} }, client);
    return { limited: undefined };
  }
  const detail = { reason: reason ?? 'unknown_email', ...(!person && { emailHash: emailHashOf(env, email) }) };
  const event = { action: 'password.reset_refused', ...whose, detail } as const;
  if (isRefusal(limit)) return { limited: { event, client, key: limit.limitedBy } };
  await appendEvent(env, tx, event, client);
  return { limited: undefined };
}

function refusedReason(person: Person | undefined): AuditDetail<'password.reset_refused'>['reason'] | undefined {
  if (!person) return 'unknown_email';
  return isShutOut(person) ? 'disabled' : undefined;
}

async function writeLink(
  env: Env,
  tx: Queries,
  receiver: Person | undefined,
  { pageLocale, counted }: { readonly pageLocale: string | undefined; readonly counted: string | false },
): Promise<void> {
  const now = env.now();
  const userId = receiver?.user.id;
  await revokeResetLinks(tx, userId ?? '');
  const token = newToken(env.random);
  const linkId = env.newId();
  await createLink(tx, {
    id: linkId,
    token_hash: tokenHash(token),
    purpose: 'reset',
    user_id: userId ?? null,
    created_at: now,
    expires_at: receiver ? now + RESET_LINK_SECONDS : now,
    used_at: null,
    made_by: null,
  });
  const link = `${env.config.publicUrl.origin}/password/${token}`;
  const to = receiver && { ...receiver.user, locale: receiver.user.locale ?? pageLocale };
  await queueMailOrPretend(env, tx, { receiver: to, counted }, { kind: 'password_reset', link });
  await deleteLink(tx, receiver ? '' : linkId);
}
