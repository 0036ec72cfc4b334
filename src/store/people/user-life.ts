import { rowSearchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';
import type { UserTable } from '#store/people/tables.ts';
import { isInState } from './state.ts';

/** An account, when it was made and by whom. */
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

/** The password was set by a link: what a freeze of authenticators counts from. */
export async function notePasswordReset(tx: Queries, userId: string, now: number): Promise<void> {
  await tx.updateTable('users').set({ password_reset_at: now }).where('id', '=', userId).execute();
}

/** A link that went to the email was followed: it is theirs. */
export async function noteEmailProven(tx: Queries, userId: string): Promise<void> {
  await tx.updateTable('users').set({ email_proven: 1 }).where('id', '=', userId).execute();
}

/**
 * Gives a person another email; false where it is another one than `from` already, or somebody has the new one.
 *
 * Of two who take one email at once the unique index decides: the transaction of the second fails, see `isTaken`.
 */
export async function setEmail(
  tx: Queries,
  { id, name }: Readonly<Record<'id' | 'name', string>>,
  change: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    // A link to the new one, or to the one from before, has proven it.
    .set({ email: change.to, email_proven: 1, search_key: rowSearchKey(name, change.to) })
    .where('id', '=', id)
    .where('email', '=', change.from)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('users as taken').select('taken.id').where('taken.email', '=', change.to))),
    )
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Whether a transaction failed because somebody else has taken the same email meanwhile (SQLSTATE 23505, unique_violation). */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** Changes the role of a person; false when it was another one meanwhile, or this one already. */
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

/** Notes a reminder: true where the last one is no younger than `before`, no matter who asks. */
export async function claimReminding(tx: Queries, userId: string, now: number, before: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ reminded_at: now })
    .where('id', '=', userId)
    .where((or) => or.or([or('reminded_at', 'is', null), or('reminded_at', '<=', before)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Deletes a person and every row that refers to them. */
export async function deleteUserRow(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('users').where('id', '=', userId).execute();
}

/** Sets or clears the moment from which the person can sign in no more. Answers false when it was so already. */
export async function setDisabled(tx: Queries, userId: string, disabledAt: number | undefined): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ disabled_at: disabledAt ?? null })
    .where('id', '=', userId)
    .where('disabled_at', disabledAt === undefined ? 'is not' : 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes "Not now", or forgets it. */
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

/** How many others are administrators who can sign in. */
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
