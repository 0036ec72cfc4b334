import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { ResetRequestTable } from '#store/people/tables.ts';

/** A pending reset, with the name of its person and of the person who requested it. */
export type ResetRequest = ResetRequestTable & {
  readonly email: string;
  readonly name: string;
  /** The person who requested it. If an API key did, the person who made the key. */
  readonly asker_id: string;
  readonly asker_name: string;
  readonly asker_created_by: string | null;
  readonly asker_created_at: number | null;
  /** The name of the API key, if one made the request. */
  readonly key_name: string | null;
};

/**
 * Adds a request. A person has at most one: false if one is already pending.
 *
 * @param since an older request has expired and is replaced
 */
export async function createResetRequest(tx: Queries, request: ResetRequestTable, since: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('reset_requests')
    .values(request)
    .onConflict((conflict) =>
      conflict.column('user_id').doUpdateSet(request).where('reset_requests.requested_at', '<=', since),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Oldest first. */
export async function listResetRequests(
  queries: Queries,
  { since, limit }: { readonly since: number; readonly limit: number },
): Promise<readonly ResetRequest[]> {
  return waiting(queries, since).orderBy('r.requested_at').orderBy('r.id').limit(limit).execute();
}

export async function findResetRequest(queries: Queries, id: string, since: number): Promise<ResetRequest | undefined> {
  return waiting(queries, since).where('r.id', '=', id).executeTakeFirst();
}

export async function hasResetRequest(queries: Queries, userId: string, since: number): Promise<boolean> {
  const row = await queries
    .selectFrom('reset_requests')
    .select('id')
    .where('user_id', '=', userId)
    .where('requested_at', '>', since)
    .executeTakeFirst();
  return row !== undefined;
}

function waiting(queries: Queries, since: number) {
  return queries
    .selectFrom('reset_requests as r')
    .innerJoin('users as u', 'u.id', 'r.user_id')
    .leftJoin('api_keys as k', (on) => on.on(sql`'api_key:' || k.id`, '=', sql.ref('r.requested_by')))
    .leftJoin('users as s', (on) => on.on('s.id', '=', ASKER))
    .selectAll('r')
    .select(['u.email', 'u.name', 's.created_by as asker_created_by', 's.created_at as asker_created_at'])
    .select(['k.name as key_name', ASKER.as('asker_id'), sql<string>`coalesce(s.name, ${ASKER})`.as('asker_name')])
    .where('r.requested_at', '>', since);
}

const ASKER = sql<string>`coalesce(k.created_by, r.requested_by)`;

/** Removes the request from the list. When two people decide at the same time, only one gets true. */
export async function claimResetRequest(tx: Queries, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('reset_requests').where('id', '=', id).executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Deletes every request from these requesters; returns the users whose resets they were. */
export async function deleteResetRequestsBy(tx: Queries, requesters: readonly string[]): Promise<readonly string[]> {
  const rows = await tx
    .deleteFrom('reset_requests')
    .where('requested_by', 'in', requesters)
    .returning('user_id')
    .execute();
  return rows.map(({ user_id }) => user_id);
}

export async function countResetRequestsBy(queries: Queries, requesters: readonly string[]): Promise<number> {
  const row = await queries
    .selectFrom('reset_requests')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('requested_by', 'in', requesters)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function deleteResetRequest(tx: Queries, userId: string): Promise<void> {
  await tx.deleteFrom('reset_requests').where('user_id', '=', userId).execute();
}

/** Deletes requests that waited too long. */
export async function deleteOldResetRequests(tx: Queries, since: number): Promise<void> {
  await tx.deleteFrom('reset_requests').where('requested_at', '<=', since).execute();
}
