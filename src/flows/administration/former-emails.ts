import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { findFormerEmail, noteFormerEmail } from '#store/people/former-emails.ts';
import { type Actor, isOperator } from './actor.ts';

/** For as long nobody gets the email of a deleted person who had MFA: deleting and inviting is no way round a reset. */
const RESERVED_SECONDS = 30 * DAY_SECONDS;

/**
 * `reserved`: nobody gets it now. `by_mail`: somebody had it, so a link for it goes there and nowhere else.
 * `open`: the link may be answered to who invites.
 */
export type EmailClaim = 'open' | 'by_mail' | 'reserved';

/**
 * What an actor may do with an email that is nobody's now. Everything is open to the operator, who has the database.
 *
 * @param email canonical
 */
export async function claimOfEmail(env: Env, queries: Queries, actor: Actor, email: string): Promise<EmailClaim> {
  if (isOperator(actor)) return 'open';
  const former = await findFormerEmail(queries, tagsOf(env, email));
  if (former === undefined) return 'open';
  return (former.reservedUntil ?? 0) > env.now() ? 'reserved' : 'by_mail';
}

/** Notes that somebody has left an email: as a keyed hash, with nothing that leads to the person. */
export async function leaveEmail(env: Env, tx: Queries, email: string, { reserve }: { reserve: boolean }) {
  const now = env.now();
  const [email_tag = ''] = tagsOf(env, email);
  const reserved_until = reserve ? now + RESERVED_SECONDS : null;
  await noteFormerEmail(tx, { id: env.newId(), email_tag, left_at: now, reserved_until });
}

/** A space is in no email: the hash is no other hash of ours. */
function tagsOf(env: Env, email: string): readonly string[] {
  return env.keys.macs('email', `former ${email}`).map(({ keyId, mac }) => `${keyId}.${mac}`);
}
