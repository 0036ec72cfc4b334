import type { AccessCodeTable } from '#store/authenticators/tables.ts';
import type { Queries } from '#store/engine/database.ts';

export type AccessCode = {
  readonly mac: string;
  readonly expiresAt: number;
  readonly tries: number;
  readonly usedAt: number | undefined;
  /** The pending sign-in or the session that used the code. */
  readonly usedBy: string | undefined;
};

export async function findAccessCode(queries: Queries, userId: string): Promise<AccessCode | undefined> {
  const row = await queries.selectFrom('access_codes').selectAll().where('user_id', '=', userId).executeTakeFirst();
  return (
    row && {
      mac: row.mac,
      expiresAt: row.expires_at,
      tries: row.tries,
      usedAt: row.used_at ?? undefined,
      usedBy: row.used_by ?? undefined,
    }
  );
}

/** A person has at most one code. A new code replaces the old one, used or not. */
export async function replaceAccessCode(
  tx: Queries,
  code: Pick<AccessCodeTable, 'user_id' | 'mac' | 'created_at' | 'expires_at'>,
): Promise<void> {
  const { user_id, ...values } = { ...code, tries: 0, used_at: null, used_by: null };
  await tx
    .insertInto('access_codes')
    .values({ user_id, ...values })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
    .execute();
}

/** Reserves one of the `limit` tries; false when no try is left, or the code is used or expired. */
export async function reserveAccessCodeTry(tx: Queries, userId: string, limit: number, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('access_codes')
    .set((expression) => ({ tries: expression('tries', '+', 1) }))
    .where('user_id', '=', userId)
    .where('tries', '<', limit)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Uses the code for one owner: true the first time, then always false; false also after another code replaced it. */
export async function claimAccessCode(
  tx: Queries,
  userId: string,
  { mac, ownerId, now }: { readonly mac: string; readonly ownerId: string; readonly now: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('access_codes')
    .set({ used_at: now, used_by: ownerId })
    .where('user_id', '=', userId)
    .where('mac', '=', mac)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Called when the enrollment of this code is confirmed, or when a reset needs no code. */
export async function deleteAccessCode(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('access_codes').where('user_id', '=', userId).execute();
}
