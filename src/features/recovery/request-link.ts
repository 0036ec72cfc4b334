import type { AuditDetail } from '#core/audit.ts';
import type { Client } from '#core/client.ts';
import { isRefusal } from '#core/result.ts';
import { RESET_LINK_SECONDS } from '#core/session.ts';
import { RULES } from '#core/throttle.ts';
import { newToken, tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { appendEvent, emailHashOf } from '#flows/append-event.ts';
import { resetMailKey } from '#flows/lanes.ts';
import { queueMailOrPretend } from '#flows/warn-of-passwords.ts';
import { reserveTries } from '#store/attempts.ts';
import type { Queries } from '#store/database.ts';
import { createLink, deleteLink, revokeResetLinks } from '#store/links.ts';
import { lockUser } from '#store/locks.ts';
import { findPersonByEmail, type Person } from '#store/users.ts';

/**
 * Mails a link to set a new password, if there is somebody to mail it to.
 *
 * Whether there is shows neither in the answer nor in its time: for an unknown, a disabled and a limited email the
 * same link and the same mail are written, to nobody, and removed again in the same transaction.
 *
 * Who was invited and has no password yet gets a link too. The invitation stays: a stranger must not be able to end it.
 *
 * @param email canonical
 */
export async function requestResetLink(env: Env, email: string, client: Client): Promise<void> {
  const key = resetMailKey(env, email);
  const emailHash = emailHashOf(env, email);
  await env.db.transaction(async (tx) => {
    const found = await findPersonByEmail(tx, email);
    await lockUser(tx, found?.user.id ?? '');
    // Read again: whoever has just changed their email gets no link at the old one.
    const person = await findPersonByEmail(tx, email);
    const limit = await reserveTries(tx, [{ key, rule: RULES.resetMails }], env.now());
    const reason = isRefusal(limit) ? 'too_many_attempts' : refusedReason(person);
    const receiver = reason === undefined ? person : undefined;
    await writeLink(env, tx, receiver, client.locale);
    const whose = { subject: person?.user.id, partner: person?.user.partnerId };
    const detail = { reason: reason ?? 'unknown_email', ...(!person && { emailHash }) };
    await appendEvent(
      env,
      tx,
      receiver
        ? { action: 'password.reset_requested', ...whose, detail: {} }
        : { action: 'password.reset_refused', ...whose, detail },
      client,
    );
  });
}

function refusedReason(person: Person | undefined): AuditDetail<'password.reset_refused'>['reason'] | undefined {
  if (!person) return 'unknown_email';
  return person.user.disabledAt === undefined ? undefined : 'disabled';
}

async function writeLink(
  env: Env,
  tx: Queries,
  receiver: Person | undefined,
  pageLocale: string | undefined,
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
  });
  const link = `${env.config.publicUrl.origin}/password/${token}`;
  const to = receiver && { email: receiver.user.email, locale: receiver.user.locale ?? pageLocale };
  await queueMailOrPretend(env, tx, to, { kind: 'password_reset', link });
  await deleteLink(tx, receiver ? '' : linkId);
}
