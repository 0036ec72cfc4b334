import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { eventOf, type LoggedEvent } from './log.ts';

/** The number of events that are not sealed yet. */
export async function countAuditTail(queries: Queries): Promise<number> {
  const row = await queries
    .selectFrom('audit_events')
    .select((e) => e.fn.countAll<number | bigint | string>().as('count'))
    .where('batch', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

const findUnsealed = statement((db: Queries, _: Param<Record<never, never>>) =>
  db.selectFrom('audit_events').select('id').where('batch', 'is', null).limit(1),
);

/** Whether there are events to seal. The query is cheap, so a timer can run it often. */
export async function hasAuditTail(queries: Queries): Promise<boolean> {
  return (await findUnsealed.first(queries, {})) !== undefined;
}

/**
 * Puts the oldest `limit` unsealed events into batch `number` and returns them as they were read, with their proofs.
 * The rows lose their proofs, because the seal replaces them: the key of a proof is then no longer needed.
 *
 * On PostgreSQL another node can seal the same events first. So this function returns only the rows that it updated.
 */
export async function claimAuditTail(tx: Queries, number: number, limit: number): Promise<LoggedEvent[]> {
  const read = await listAuditTail(tx, { afterId: '', limit });
  if (read.length === 0) return [];
  const ids = read.map(({ id }) => id);
  const marked = await tx
    .updateTable('audit_events')
    .set({ batch: number, proof: null })
    .where('batch', 'is', null)
    .where('id', 'in', ids)
    .returning('id')
    .execute();
  const claimed = new Set(marked.map(({ id }) => id));
  return read.filter(({ id }) => claimed.has(id));
}

/** One page of the unsealed events, ordered by id, only those after `afterId`. */
export async function listAuditTail(
  queries: Queries,
  page: { readonly afterId: string; readonly limit: number },
): Promise<LoggedEvent[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .selectAll()
    .where('batch', 'is', null)
    .where('id', '>', page.afterId)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map(eventOf);
}
