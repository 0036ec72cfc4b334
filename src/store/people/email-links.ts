import type { Queries } from '#store/engine/database.ts';
import type { EmailLinkTable } from '#store/people/tables.ts';

export type EmailLink = { readonly id: string; readonly userId: string; readonly email: string };

export async function createEmailLink(tx: Queries, link: EmailLinkTable): Promise<void> {
  await tx.insertInto('email_links').values(link).execute();
}

/** A live link by its token; looking consumes nothing. */
export async function findEmailLink(
  queries: Queries,
  tokenHash: string,
  purpose: EmailLinkTable['purpose'],
  now: number,
): Promise<EmailLink | undefined> {
  const row = await queries
    .selectFrom('email_links')
    .select(['id', 'user_id', 'email'])
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { id: row.id, userId: row.user_id, email: row.email };
}

/** Consumes a link: true once, false ever after and when it has expired or was withdrawn. */
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

/** The new email that waits to be confirmed, and until when. */
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

/** Withdraws the change that waits: for a newer one, after a new password. The way back from an earlier change stays. */
export async function deleteWaitingEmail(tx: Queries, userId: string): Promise<void> {
  await tx
    .deleteFrom('email_links')
    .where('user_id', '=', userId)
    .where('purpose', '=', 'confirm')
    .where('used_at', 'is', null)
    .execute();
}

/**
 * Withdraws whatever was made after this link, by the order of ids. The ways back from before it stay: a person who goes back
 * further has the better claim.
 */
export async function deleteEmailLinksAfter(tx: Queries, userId: string, id: string): Promise<void> {
  await tx.deleteFrom('email_links').where('user_id', '=', userId).where('id', '>', id).execute();
}

/** Whether somebody else gave this email up a short while ago and can still go back to it. */
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

/** The emails that are or were a person's, as far as we still know: mail to them is theirs. */
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
