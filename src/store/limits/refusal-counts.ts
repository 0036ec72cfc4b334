import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { RefusalCountTable } from '#store/limits/tables.ts';

/** The count that one process adds. */
type NewCount = Omit<RefusalCountTable, 'ends_at'> & { readonly endsAt: number };

const findWindow = statement((db: Queries, p: Param<{ key: string }>) =>
  db.selectFrom('refusal_counts').select(['since', 'ends_at as endsAt']).where('key', '=', p.key),
);

/** The stored window of a key, open or closed. */
export async function findRefusalWindow(
  queries: Queries,
  key: string,
): Promise<{ readonly since: number; readonly endsAt: number } | undefined> {
  return findWindow.first(queries, { key });
}

/** Begins a window; false if the key already has one, and then nothing is written. */
export async function beginRefusalCount(tx: Queries, { endsAt, ...row }: NewCount): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('refusal_counts')
    .values({ ...row, ends_at: endsAt })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Adds to the count of a key. If its window was closed meanwhile, it is stored again and closed again. */
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

/** Deletes a window that began in this transaction. */
export async function forgetRefusals(tx: Queries, key: string): Promise<void> {
  await tx.deleteFrom('refusal_counts').where('key', '=', key).execute();
}

/** An open window ends after `after` and not later than `until`. */
export type OpenEnds = { readonly after: number; readonly until: number };

/** Removes and returns the count of a key if its window is over, or ends later than any window begun by now can end. */
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

/** Up to `limit` keys whose windows are over. */
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
