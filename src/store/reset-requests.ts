import type { ResetRequestTable } from './console-tables.ts';
import type { Queries } from './database.ts';

/** A reset that waits, with the names of whom it is for and of who asked. */
export type ResetRequest = ResetRequestTable & {
  readonly email: string;
  readonly name: string;
  readonly requester: string;
};

/** At most one for each person: false when one waits already. */
export async function createResetRequest(tx: Queries, request: ResetRequestTable): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('reset_requests')
    .values(request)
    .onConflict((conflict) => conflict.column('user_id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function listResetRequests(queries: Queries, limit: number): Promise<readonly ResetRequest[]> {
  return queries
    .selectFrom('reset_requests as r')
    .innerJoin('users as u', 'u.id', 'r.user_id')
    .leftJoin('users as s', 's.id', 'r.requested_by')
    .selectAll('r')
    .select((query) => ['u.email', 'u.name', query.fn.coalesce('s.name', 'r.requested_by').as('requester')])
    .orderBy('r.requested_at')
    .orderBy('r.id')
    .limit(limit)
    .execute();
}

/** Whose reset it is; undefined when it waits no more. */
export async function findResetOwner(queries: Queries, id: string): Promise<string | undefined> {
  const row = await queries.selectFrom('reset_requests').select('user_id').where('id', '=', id).executeTakeFirst();
  return row?.user_id;
}

export async function findResetRequest(queries: Queries, userId: string): Promise<ResetRequestTable | undefined> {
  return queries.selectFrom('reset_requests').selectAll().where('user_id', '=', userId).executeTakeFirst();
}

/** Takes the request off the list and answers it, once: of two who decide at the same time one gets it. */
export async function claimResetRequest(
  tx: Queries,
  id: string,
  decider: { readonly notBy?: string },
): Promise<ResetRequestTable | undefined> {
  return tx
    .deleteFrom('reset_requests')
    .where('id', '=', id)
    .where('requested_by', '!=', decider.notBy ?? '')
    .returningAll()
    .executeTakeFirst();
}

export async function deleteResetRequest(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('reset_requests').where('user_id', '=', userId).execute();
}
