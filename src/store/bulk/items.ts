import { type Selectable, sql } from 'kysely';
import type { BulkItemTable } from '#store/bulk/tables.ts';
import type { Queries } from '#store/engine/database.ts';

export type BulkItem = Selectable<BulkItemTable>;

/** Items in the order in which they are done. Ten columns each, so 200 of them fit one statement. */
export type NewBulkItem = Pick<BulkItem, 'position' | 'todo'> &
  Partial<Pick<BulkItem, 'line' | 'subject' | 'effect' | 'state' | 'note'>>;

/** The id of an item. Padded, so that ids sort like positions. */
function bulkItemId(jobId: string, position: number): string {
  return `${jobId}:${String(position).padStart(7, '0')}`;
}

export async function createBulkItems(tx: Queries, jobId: string, items: readonly NewBulkItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx
    .insertInto('bulk_items')
    .values(
      items.map((item) => ({
        ...{ id: bulkItemId(jobId, item.position), job_id: jobId, position: item.position, todo: item.todo },
        ...{ line: item.line ?? 0, subject: item.subject ?? null, effect: item.effect ?? '' },
        ...{ state: item.state ?? 'waiting', note: item.note ?? null, state_before: null, state_after: null },
      })),
    )
    // A part that is written twice after a broken connection is the same part.
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Adds one item to a running job, in the transaction of the item that it follows from. */
export async function addBulkItem(tx: Queries, jobId: string, item: NewBulkItem): Promise<void> {
  await createBulkItems(tx, jobId, [item]);
  await tx
    .updateTable('bulk_jobs')
    .set((e) => ({ total: e('total', '+', 1) }))
    .where('id', '=', jobId)
    .execute();
}

/** Takes back what an earlier check has noted on a part of the items. */
export async function resetBulkItems(
  tx: Queries,
  jobId: string,
  { after, last }: { readonly after: number; readonly last: number },
): Promise<void> {
  await tx
    .updateTable('bulk_items')
    .set({ state: 'waiting', note: null, effect: '' })
    .where('job_id', '=', jobId)
    .where('position', '>', after)
    .where('position', '<=', last)
    .where((e) => e.or([e('state', '!=', 'waiting'), e('effect', '!=', '')]))
    .execute();
}

/** Items of a job after a position, in order; only those in one of these states. */
export async function listBulkItems(
  queries: Queries,
  jobId: string,
  page: { readonly after: number; readonly limit: number; readonly states?: readonly BulkItem['state'][] },
): Promise<readonly BulkItem[]> {
  let query = queries
    .selectFrom('bulk_items')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('position', '>', page.after)
    .orderBy('position')
    .limit(page.limit);
  if (page.states) query = query.where('state', 'in', page.states);
  return query.execute();
}

/** The next items to do. The state is literal, so that the index of waiting items serves it. */
export async function listWaitingBulkItems(
  queries: Queries,
  jobId: string,
  limit: number,
): Promise<readonly BulkItem[]> {
  return queries
    .selectFrom('bulk_items')
    .selectAll()
    .where('job_id', '=', jobId)
    .where(sql<boolean>`state = 'waiting'`)
    .orderBy('position')
    .limit(limit)
    .execute();
}

/**
 * Reserves a waiting item of a running job for this transaction: true for only one of several callers. When the job was
 * stopped, no further item is reserved.
 */
export async function claimBulkItem(tx: Queries, { id, job_id }: Pick<BulkItem, 'id' | 'job_id'>): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('bulk_items')
    .set({ state: 'done' })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .where((e) =>
      e.exists(
        e.selectFrom('bulk_jobs as j').select('j.id').where('j.id', '=', job_id).where('j.state', '=', 'running'),
      ),
    )
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export type ItemChange = Partial<Omit<BulkItem, 'id' | 'job_id' | 'position' | 'line'>>;

/** Writes what became of an item that this transaction has claimed. */
export async function settleBulkItem(tx: Queries, id: string, outcome: ItemChange): Promise<void> {
  await tx.updateTable('bulk_items').set(outcome).where('id', '=', id).execute();
}

/**
 * Adds an item to a job for each item that another job has done, from one position to another; what was before becomes
 * what to do. The rows do not leave the database.
 */
export async function copyDoneItems(
  tx: Queries,
  { from, to, after, until }: { from: string; to: string; after: number; until: number },
): Promise<void> {
  await sql`insert into bulk_items (id, job_id, position, subject, todo)
    select ${to} || substr(id, ${from.length + 1}), ${to}, position, subject,
      '{"act":"undo","from":' || state_after || ',"to":' || state_before || '}'
    from bulk_items
    where job_id = ${from} and position > ${after} and position <= ${until} and state = 'done'
      and state_before is not null and state_after is not null
    on conflict (id) do nothing`.execute(tx);
}

/** How many items a job has. */
export async function countBulkItems(queries: Queries, jobId: string): Promise<number> {
  const row = await queries
    .selectFrom('bulk_items')
    .select((e) => e.fn.countAll<number | string>().as('count'))
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
