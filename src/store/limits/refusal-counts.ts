import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { RefusalCountTable } from '#store/limits/tables.ts';

/** What one process adds. */
type NewCount = Omit<RefusalCountTable, 'ends_at'> & { readonly endsAt: number };

const findWindow = statement((db: Queries, p: Param<{ key: string }>) =>
  db.selectFrom('refusal_counts').select(['since', 'ends_at as endsAt']).where('key', '=', p.key),
);

/** The window that is noted for a key, over or not. */
export async function findRefusalWindow(
  queries: Queries,
  key: string,
): Promise<{ readonly since: number; readonly endsAt: number } | undefined> {
  return findWindow.first(queries, { key });
}

/** Begins a window; false where one is noted already, and nothing was written. */
export async function beginRefusalCount(tx: Queries, { endsAt, ...row }: NewCount): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('refusal_counts')
    .values({ ...row, ends_at: endsAt })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Adds to what is counted for a key. A window that was closed meanwhile is noted again, and closed again. */
export async function addRefusals(tx: Queries, { endsAt, ...row }: NewCount): Promise<void> {
  await tx
    .insertInto('refusal_counts')
    .values({ ...row, ends_at: endsAt })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet((set) => ({
        repeated: set('refusal_counts.repeated', '+', row.repeated),
        client: row.client,
      })),
    )
    .execute();
}

/** Takes a window back that was begun in this transaction. */
export async function forgetRefusals(tx: Queries, key: string): Promise<void> {
  await tx.deleteFrom('refusal_counts').where('key', '=', key).execute();
}

/** The times between which a window that is open ends. */
export type OpenEnds = { readonly after: number; readonly until: number };

/** Takes out what is counted for a key whose window is over, or ends later than any window that was begun by now. */
export async function takeOverRefusals(
  tx: Queries,
  key: string,
  { after, until }: OpenEnds,
): Promise<RefusalCountTable | undefined> {
  return tx
    .deleteFrom('refusal_counts')
    .where('key', '=', key)
    .where((or) => or.or([or('ends_at', '<=', after), or('ends_at', '>', until)]))
    .returningAll()
    .executeTakeFirst();
}

/** Up to `limit` keys whose window is over. */
export async function listOverRefusals(
  queries: Queries,
  { after, until }: OpenEnds,
  limit: number,
): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('refusal_counts')
    .select('key')
    .where((or) => or.or([or('ends_at', '<=', after), or('ends_at', '>', until)]))
    .orderBy('key')
    .limit(limit)
    .execute();
  return rows.map(({ key }) => key);
}
