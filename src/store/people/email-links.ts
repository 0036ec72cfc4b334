import type { Queries } from '#store/engine/database.ts';
import type { EmailLinkTable } from '#store/people/tables.ts';

export type EmailLink = {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  /** Whether a member of staff asked for the change, and not the person. */
  readonly isByStaff: boolean;
};

export async function createEmailLink(tx: Queries, link: EmailLinkTable): Promise<void> {
  await tx.insertInto('email_links').values(link).execute();
}

/** A live link by its token. Reading it does not use it. */
export async function findEmailLink(
  queries: Queries,
  tokenHash: string,
  purpose: EmailLinkTable['purpose'],
  now: number,
): Promise<EmailLink | undefined> {
  const row = await queries
    .selectFrom('email_links')
    .select(['id', 'user_id', 'email', 'asked_by'])
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { id: row.id, userId: row.user_id, email: row.email, isByStaff: row.asked_by !== null };
}

/** Uses a link: true once, then always false; false also after it expired or was withdrawn. */
export async function claimEmailLink(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('email_links')
    .set({ used_at: now })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The new email that the person has not confirmed yet, and when its link expires. */
export async function findWaitingEmail(
  queries: Queries,
  userId: string,
  now: number,
): Promise<{ readonly email: string; readonly expiresAt: number } | undefined> {
  const row = await queries
    .selectFrom('email_links')
    .select(['email', 'expires_at'])
    .where('user_id', '=', userId)
    .where('purpose', '=', 'confirm')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { email: row.email, expiresAt: row.expires_at };
}

/** Withdraws the pending change, for a newer one or after a new password. Revert links of earlier changes remain. */
export async function deleteWaitingEmail(tx: Queries, userId: string): Promise<void> {
  await tx
    .deleteFrom('email_links')
    .where('user_id', '=', userId)
    .where('purpose', '=', 'confirm')
    .where('used_at', 'is', null)
    .execute();
}

/**
 * Withdraws all links created after this one, by the order of ids. Earlier revert links remain, because a person who
 * can revert to an older email has the better claim.
 */
export async function deleteEmailLinksAfter(tx: Queries, userId: string, id: string): Promise<void> {
  await tx.deleteFrom('email_links').where('user_id', '=', userId).where('id', '>', id).execute();
}

/** Whether another person recently gave up this email and can still revert to it. */
export async function isEmailHeld(queries: Queries, email: string, userId: string, now: number): Promise<boolean> {
  const row = await queries
    .selectFrom('email_links')
    .select('id')
    .where('email', '=', email)
    .where('purpose', '=', 'revert')
    .where('user_id', '!=', userId)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The person's current and former emails, as far as they are stored. Mail to any of them belongs to the person. */
export async function listEmailsOf(
  queries: Queries,
  { id, email }: { readonly id: string; readonly email: string },
): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('email_links')
    .select('email')
    .where('user_id', '=', id)
    .where('purpose', '=', 'revert')
    .execute();
  return [...new Set([email, ...rows.map((row) => row.email)])];
}
