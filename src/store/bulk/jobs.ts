import type { Selectable } from 'kysely';
import type { BulkJobTable } from '#store/bulk/tables.ts';
import type { Queries } from '#store/engine/database.ts';

export type BulkJob = Selectable<BulkJobTable>;

export type NewBulkJob = Pick<BulkJob, 'id' | 'kind' | 'maker' | 'created_at'> &
  Partial<Pick<BulkJob, 'settings' | 'parent_id' | 'not_before' | 'reason' | 'state' | 'started_at'>>;

/** Adds a job, as a draft unless its state says something else. */
export async function createBulkJob(tx: Queries, job: NewBulkJob): Promise<void> {
  const empty = { reason: null, state: 'draft', stopped_because: null, parent_id: null, started_at: null } as const;
  await tx
    .insertInto('bulk_jobs')
    .values({ ...empty, finished_at: null, ...job })
    .execute();
}

export async function findBulkJob(queries: Queries, id: string): Promise<BulkJob | undefined> {
  return queries.selectFrom('bulk_jobs').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Reads the job and locks it until the transaction ends, by an update that changes nothing. */
export async function lockBulkJob(tx: Queries, id: string): Promise<BulkJob | undefined> {
  return tx
    .updateTable('bulk_jobs')
    .set((e) => ({ maker: e.ref('maker') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** Jobs that were started or wait for a start, newest first; only those before `before`, a job id. */
export async function listBulkJobs(
  queries: Queries,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
): Promise<readonly BulkJob[]> {
  let query = queries.selectFrom('bulk_jobs').selectAll().where('state', '!=', 'draft').orderBy('id', 'desc');
  if (before !== undefined) query = query.where('id', '<', before);
  return query.limit(limit).execute();
}

/** Jobs that were started, by id, for the API. */
export async function listBulkJobsAfter(
  queries: Queries,
  { afterId, limit }: { readonly afterId: string; readonly limit: number },
): Promise<readonly BulkJob[]> {
  const started = queries.selectFrom('bulk_jobs').selectAll().where('started_at', 'is not', null);
  return started.where('id', '>', afterId).orderBy('id').limit(limit).execute();
}

/** Jobs with items to check or to do now, oldest first. */
export async function listOpenBulkJobs(queries: Queries, now: number): Promise<readonly BulkJob[]> {
  return queries
    .selectFrom('bulk_jobs')
    .selectAll()
    .where('state', 'in', ['checking', 'running'])
    .where('not_before', '<=', now)
    .orderBy('id')
    .execute();
}

/** The undo of a job, if it was started. */
export async function findUndoOf(queries: Queries, id: string): Promise<BulkJob | undefined> {
  return queries
    .selectFrom('bulk_jobs')
    .selectAll()
    .where('parent_id', '=', id)
    .where('kind', '=', 'undo')
    .where('started_at', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The job that sends the invitations of an import. */
export async function findInvitingJob(queries: Queries, id: string): Promise<BulkJob | undefined> {
  const jobs = queries.selectFrom('bulk_jobs').selectAll().where('parent_id', '=', id).where('kind', '=', 'invite');
  return jobs.executeTakeFirst();
}

type Change = Partial<Omit<BulkJob, 'id' | 'kind' | 'created_at'>>;

/** Changes a job that is in this state; false if it is no longer. */
export async function moveBulkJob(
  tx: Queries,
  id: string,
  from: BulkJobTable['state'],
  change: Change,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('bulk_jobs')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Finishes a running job without waiting items, once; returns it with its last counts. */
export async function finishBulkJob(tx: Queries, id: string, now: number): Promise<BulkJob | undefined> {
  return tx
    .updateTable('bulk_jobs')
    .set({ state: 'finished', finished_at: now })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where((e) =>
      e.not(
        e.exists(
          e.selectFrom('bulk_items as i').select('i.id').where('i.job_id', '=', id).where('i.state', '=', 'waiting'),
        ),
      ),
    )
    .returningAll()
    .executeTakeFirst();
}

/** Counts an item of a job, in the transaction of that item. */
export async function countBulkItem(tx: Queries, jobId: string, outcome: 'done' | 'unchanged' | 'failed') {
  await tx
    .updateTable('bulk_jobs')
    .set((e) => ({ [outcome]: e(outcome, '+', 1) }))
    .where('id', '=', jobId)
    .execute();
}

type Old = { readonly draftsBefore: number; readonly endedBefore: number; readonly limit: number };

/**
 * Deletes up to `limit` items of old jobs, and the old jobs without items; returns how many items. Drafts are old after
 * a day, because nobody comes back to them.
 */
export async function deleteOldBulkJobs(tx: Queries, { draftsBefore, endedBefore, limit }: Old): Promise<number> {
  const old = await tx
    .selectFrom('bulk_jobs')
    .select('id')
    .where((e) =>
      e.or([
        e.and([e('state', 'in', ['draft', 'checking', 'checked']), e('created_at', '<=', draftsBefore)]),
        e.and([e('state', 'in', ['finished', 'stopped']), e('created_at', '<=', endedBefore)]),
      ]),
    )
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  const { numDeletedRows } = await tx
    .deleteFrom('bulk_items')
    .where('id', 'in', (e) => e.selectFrom('bulk_items').select('id').where('job_id', 'in', ids).limit(limit))
    .executeTakeFirst();
  if (numDeletedRows < BigInt(limit)) await tx.deleteFrom('bulk_jobs').where('id', 'in', ids).execute();
  return Number(numDeletedRows);
}
