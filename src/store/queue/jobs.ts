import type { ExpressionBuilder } from 'kysely';
import { latestPossible } from '#core/time/clock.ts';
import type { Queries, Schema } from '#store/engine/database.ts';

export type JobClaim = {
  readonly name: string;
  /** An id of this run. */
  readonly holder: string;
  readonly now: number;
  readonly leaseSeconds: number;
  /** A job that began less long ago than this is not due, no matter which process ran it. */
  readonly everySeconds: number;
};

/**
 * Takes a job for one run: true for one of all who ask at once, false while another has it or it is not due.
 *
 * A holder that died keeps it until its lease is over, and no longer; what a clock that was ahead has left holds nobody up.
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

/** Prolongs the lease of a run; false when another has taken the job over meanwhile. */
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

/** Hands a job back after its run; nothing happens when another has it by now. */
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
