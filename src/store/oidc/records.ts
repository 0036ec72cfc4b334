import type { Queries } from '#store/engine/database.ts';
import type { OidcRecordTable } from '#store/oidc/tables.ts';

export async function createRecord(tx: Queries, record: OidcRecordTable): Promise<void> {
  await tx.insertInto('oidc_records').values(record).execute();
}

/** Keeps what may come once; false where it has come before. */
export async function claimRecord(tx: Queries, record: OidcRecordTable): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('oidc_records')
    .values(record)
    .onConflict((conflict) => conflict.column('id_hash').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** What is kept of a pushed request or a one-time value of a client: of what hangs on no grant. */
export async function findRecord(queries: Queries, idHash: string, kind: string) {
  return queries
    .selectFrom('oidc_records')
    .selectAll()
    .where('id_hash', '=', idHash)
    .where('kind', '=', kind)
    .executeTakeFirst();
}

/** Uses a code or a refresh token up; false where another request was first. */
export async function consumeRecord(
  tx: Queries,
  idHash: string,
  { now, successor }: { readonly now: number; readonly successor: string | null },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('oidc_records')
    .set({ consumed_at: now, successor })
    .where('id_hash', '=', idHash)
    .where('consumed_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function deleteRecord(tx: Queries, idHash: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('oidc_records').where('id_hash', '=', idHash).executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Deletes up to `limit` rows of each table that are over; answers the largest number. */
export async function deleteExpiredOidcRows(tx: Queries, now: number, limit: number): Promise<number> {
  const counts: number[] = [];
  for (const [table, key] of [
    ['oidc_records', 'id_hash'],
    ['oidc_requests', 'id_hash'],
    ['oidc_grants', 'id'],
  ] as const) {
    const { numDeletedRows } = await tx
      .deleteFrom(table)
      .where(key as 'id_hash', 'in', (e) =>
        e
          .selectFrom(table)
          .select(key as 'id_hash')
          .where('expires_at', '<=', now)
          .limit(limit),
      )
      .executeTakeFirst();
    counts.push(Number(numDeletedRows));
  }
  return Math.max(...counts);
}
