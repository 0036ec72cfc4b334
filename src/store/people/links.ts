import type { Queries } from '#store/engine/database.ts';
import type { LinkTable } from '#store/people/tables.ts';
import { deleteWaitingEmail } from './email-links.ts';

/** A single-use link: for a new password, an invitation, or the first administrator. */
export type Link = {
  readonly id: string;
  readonly purpose: LinkTable['purpose'];
  readonly userId: string | undefined;
};

export async function createLink(tx: Queries, link: LinkTable): Promise<void> {
  await tx.insertInto('links').values(link).execute();
}

/** A live link by its token. Reading it does not use it, because mail scanners open links. */
export async function findLink(
  queries: Queries,
  tokenHash: string,
  purposes: readonly LinkTable['purpose'][],
  now: number,
): Promise<Link | undefined> {
  const row = await queries
    .selectFrom('links')
    .select(['id', 'purpose', 'user_id'])
    .where('token_hash', '=', tokenHash)
    .where('purpose', 'in', purposes)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { id: row.id, purpose: row.purpose, userId: row.user_id ?? undefined };
}

/** Whether a link is unused and has not expired. */
export async function isLinkLive(queries: Queries, id: string, now: number): Promise<boolean> {
  const row = await queries
    .selectFrom('links')
    .select('id')
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses a link: true once, then always false; false also after it has expired. */
export async function claimLink(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('links')
    .set({ used_at: now })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Every stored link of a user, used or not. */
export async function listLinkIds(queries: Queries, userId: string): Promise<readonly string[]> {
  const rows = await queries.selectFrom('links').select('id').where('user_id', '=', userId).execute();
  return rows.map(({ id }) => id);
}

/** Deletes a user's unused links and the pending change of email, because of a newer link or a changed password. */
export async function revokeLinks(tx: Queries, userId: string): Promise<void> {
  await deleteWaitingEmail(tx, userId);
  await tx.deleteFrom('links').where('user_id', '=', userId).where('used_at', 'is', null).execute();
}

/** Deletes a user's unused reset links; an invitation remains. */
export async function revokeResetLinks(tx: Queries, userId: string): Promise<void> {
  await tx
    .deleteFrom('links')
    .where('user_id', '=', userId)
    .where('purpose', '=', 'reset')
    .where('used_at', 'is', null)
    .execute();
}

/** The emails of people whom this person invited to the staff and who have not accepted yet. */
export async function listStaffInvitedBy(queries: Queries, maker: string, now: number): Promise<readonly string[]> {
  const rows = await staffInvitationsBy(queries, maker)
    .innerJoin('users as u', 'u.id', 'l.user_id')
    .select('u.email')
    .where('l.expires_at', '>', now)
    .orderBy('u.email')
    .execute();
  return rows.map(({ email }) => email);
}

/** Deletes the unaccepted staff invitations that this person made; returns how many. */
export async function revokeStaffInvitationsBy(tx: Queries, maker: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('links')
    .where('id', 'in', staffInvitationsBy(tx, maker).select('l.id'))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function staffInvitationsBy(queries: Queries, maker: string) {
  return queries
    .selectFrom('links as l')
    .where('l.made_by', '=', maker)
    .where('l.purpose', '=', 'invitation')
    .where('l.used_at', 'is', null)
    .where('l.user_id', 'in', (query) => query.selectFrom('users').select('id').where('role', 'in', ['csm', 'admin']));
}

export async function deleteLink(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('links').where('id', '=', id).execute();
}

/** Deletes every unused first-administrator link. */
export async function revokeFirstAdministratorLinks(tx: Queries): Promise<void> {
  await tx.deleteFrom('links').where('purpose', '=', 'first_administrator').where('used_at', 'is', null).execute();
}
