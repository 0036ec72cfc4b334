import { rowSearchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';
import type { UserTable } from '#store/people/tables.ts';
import { isInState } from './state.ts';

/** An account, with the time and the maker of its creation. */
export async function findAccount(
  queries: Queries,
  id: string,
): Promise<{ readonly id: string; readonly createdBy: string | undefined; readonly createdAt: number } | undefined> {
  const row = await queries
    .selectFrom('users')
    .select(['created_by', 'created_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row && { id, createdBy: row.created_by ?? undefined, createdAt: row.created_at };
}

/** Records that a sign-in offers to add a passkey: true if none did since `since`. */
export async function claimPasskeyOffer(tx: Queries, userId: string, now: number, since: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ passkey_offered_at: now })
    .where('id', '=', userId)
    .where((or) => or.or([or('passkey_offered_at', 'is', null), or('passkey_offered_at', '<=', since)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Records that a link was used to set the password. The freeze of authenticators starts at this time. */
export async function notePasswordReset(tx: Queries, userId: string, now: number): Promise<void> {
  await tx.updateTable('users').set({ password_reset_at: now }).where('id', '=', userId).execute();
}

/** Records that a person opened a link sent to this email, so the email is theirs. */
export async function noteEmailProven(tx: Queries, userId: string): Promise<void> {
  await tx.updateTable('users').set({ email_proven: 1 }).where('id', '=', userId).execute();
}

/**
 * Changes a person's email; false if the current one is not `from`, or another person has the new one.
 *
 * `isProven`: the person opened a link that was sent there.
 *
 * When two people take one email at the same time, the unique index makes the second transaction fail (see `isTaken`).
 */
export async function setEmail(
  tx: Queries,
  { id, name }: Readonly<Record<'id' | 'name', string>>,
  change: { readonly from: string; readonly to: string; readonly isProven: boolean },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ email: change.to, email_proven: change.isProven ? 1 : 0, search_key: rowSearchKey(name, change.to) })
    .where('id', '=', id)
    .where('email', '=', change.from)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('users as taken').select('taken.id').where('taken.email', '=', change.to))),
    )
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Whether another transaction took the same email first (SQLSTATE 23505, unique_violation). */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** Changes the role of a person; false if the current role is not `from`. */
export async function setRole(
  tx: Queries,
  userId: string,
  change: { readonly from: UserTable['role']; readonly to: UserTable['role'] },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ role: change.to })
    .where('id', '=', userId)
    .where('role', '=', change.from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Records a reminder: true if the last one is not newer than `before`, independent of the sender. */
export async function claimReminding(tx: Queries, userId: string, now: number, before: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ reminded_at: now })
    .where('id', '=', userId)
    .where((or) => or.or([or('reminded_at', 'is', null), or('reminded_at', '<=', before)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Deletes a person and, by foreign keys, every row that refers to them. */
export async function deleteUserRow(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('users').where('id', '=', userId).execute();
}

/** Sets or clears the time since which the person cannot sign in. False if nothing changed. */
export async function setDisabled(tx: Queries, userId: string, disabledAt: number | undefined): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ disabled_at: disabledAt ?? null })
    .where('id', '=', userId)
    .where('disabled_at', disabledAt === undefined ? 'is not' : 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Stores when the person chose "Not now", or clears it. */
export async function setMfaSkipped(tx: Queries, userId: string, at: number | undefined): Promise<void> {
  await tx
    .updateTable('users')
    .set({ mfa_skipped_at: at ?? null })
    .where('id', '=', userId)
    .execute();
}

export async function setUserName(
  tx: Queries,
  { id, email }: Readonly<Record<'id' | 'email', string>>,
  name: string,
): Promise<void> {
  const search_key = rowSearchKey(name, email);
  await tx.updateTable('users').set({ name, search_key }).where('id', '=', id).execute();
}

/** The number of other administrators who can sign in. */
export async function countOtherAdministrators(queries: Queries, exceptId: string): Promise<number> {
  const row = await queries
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('u.role', '=', 'admin')
    .where(isInState('active'))
    .where('u.id', '!=', exceptId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
