import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { findFormerEmail, noteFormerEmail } from '#store/people/former-emails.ts';
import { type Actor, isOperator } from './actor.ts';

/** Reserves the email of a deleted person who had MFA this long, so that delete and invite cannot replace a reset. */
const RESERVED_SECONDS = 30 * DAY_SECONDS;

/**
 * `reserved`: nobody can get it now. `by_mail`: another person had it, so a link for it goes only to that address.
 * `open`: the person who invites may see the link.
 */
export type EmailClaim = 'open' | 'by_mail' | 'reserved';

/**
 * What an actor may do with an email that nobody has now. The operator has the database, so they may do all.
 *
 * @param email canonical
 */
export async function claimOfEmail(env: Env, queries: Queries, actor: Actor, email: string): Promise<EmailClaim> {
  if (isOperator(actor)) return 'open';
  const former = await findFormerEmail(queries, tagsOf(env, email));
  if (former === undefined) return 'open';
  return (former.reservedUntil ?? 0) > env.now() ? 'reserved' : 'by_mail';
}

/** Stores that a person has left an email, as a keyed hash that does not lead to the person. */
export async function leaveEmail(env: Env, tx: Queries, email: string, { reserve }: { reserve: boolean }) {
  const now = env.now();
  const [email_tag = ''] = tagsOf(env, email);
  const reserved_until = reserve ? now + RESERVED_SECONDS : null;
  await noteFormerEmail(tx, { id: env.newId(), email_tag, left_at: now, reserved_until });
}

/** No email contains a space, so this hash never equals the hash of an email. */
function tagsOf(env: Env, email: string): readonly string[] {
  return env.keys.macs('email', `former ${email}`).map(({ keyId, mac }) => `${keyId}.${mac}`);
}
