import type { ExpressionBuilder } from 'kysely';
import { latestPossible } from '#core/time/clock.ts';
import type { Queries, Schema } from '#store/engine/database.ts';

export type JobClaim = {
  readonly name: string;
  /** The id of this run. */
  readonly holder: string;
  readonly now: number;
  readonly leaseSeconds: number;
  /** The job is not due if any process started it less than this time ago. */
  readonly everySeconds: number;
};

/**
 * Reserves a job for one run: true for only one of several callers; false while another run has it or it is not due.
 *
 * After a crash, the lease blocks other runs only until it expires. Times that a clock far ahead wrote block nothing.
 */
export async function claimJob(tx: Queries, claim: JobClaim): Promise<boolean> {
  const { name, holder, now, leaseSeconds, everySeconds } = claim;
  const lease = { holder, lease_until: now + leaseSeconds, last_run_at: now };
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('jobs')
    .values({ name, ...lease, last_finished_at: null })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet(lease)
        .where((or) => isOver(or, 'jobs.lease_until', now, now + leaseSeconds))
        .where((or) => isOver(or, 'jobs.last_run_at', now - everySeconds, now)),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

function isOver(or: ExpressionBuilder<Schema, 'jobs'>, column: JobInstant, at: number, newest: number) {
  return or.or([or(column, '<=', at), or(column, '>', latestPossible(newest))]);
}

type JobInstant = 'jobs.lease_until' | 'jobs.last_run_at';

/** Extends the lease of a run; false if another run has taken over the job. */
export async function renewJob(
  tx: Queries,
  { name, holder, leaseUntil }: { name: string; holder: string; leaseUntil: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('jobs')
    .set({ lease_until: leaseUntil })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Releases a job after its run. Does nothing if another run has taken it over. */
export async function releaseJob(
  tx: Queries,
  { name, holder, now }: { name: string; holder: string; now: number },
): Promise<void> {
  await tx
    .updateTable('jobs')
    .set({ holder: null, lease_until: 0, last_finished_at: now })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .execute();
}
