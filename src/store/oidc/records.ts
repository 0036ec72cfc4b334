import type { Queries } from '#store/engine/database.ts';
import type { OidcRecordTable } from '#store/oidc/tables.ts';

export async function createRecord(tx: Queries, record: OidcRecordTable): Promise<void> {
  await tx.insertInto('oidc_records').values(record).execute();
}

/** Stores a value that may be used only once; false if it was stored before. */
export async function claimRecord(tx: Queries, record: OidcRecordTable): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('oidc_records')
    .values(record)
    .onConflict((conflict) => conflict.column('id_hash').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** A pushed request or a one-time value of a client. These records belong to no grant. */
export async function findRecord(queries: Queries, idHash: string, kind: string) {
  return queries
    .selectFrom('oidc_records')
    .selectAll()
    .where('id_hash', '=', idHash)
    .where('kind', '=', kind)
    .executeTakeFirst();
}

/** Uses a code or a refresh token; false if another request used it first. */
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

/** Deletes up to `limit` expired rows of each table; returns the largest number deleted from one. */
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
