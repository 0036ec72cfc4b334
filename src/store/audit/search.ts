import type { Queries } from '#store/engine/database.ts';
import { idPast, leastIdFrom } from '#store/engine/event-ids.ts';
import { eventOf, type LoggedEvent } from './log.ts';

/** Which events. Each of the first four has an index that is ordered by age. */
export type EventFilter = {
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  readonly partner?: string | undefined;
  readonly action?: string | undefined;
  /** Unix seconds: not before, and before. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Those of partners alone: what happens to staff, keys and backups is left out. */
  readonly ofPartners: boolean;
};

/** One page of the events that fit, the newest first, those older than `before` only. */
export async function listFoundEvents(
  queries: Queries,
  filter: EventFilter,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<LoggedEvent[]> {
  const { from, until } = filter;
  let query = queries.selectFrom('audit_events').selectAll().orderBy('id', 'desc').limit(page.limit);
  for (const column of ['actor', 'subject', 'partner', 'action'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (filter.ofPartners && filter.partner === undefined) query = query.where('partner', 'is not', null);
  // The id finds the place in every index; the time itself is what counts.
  if (from !== undefined) query = query.where('at', '>=', from).where('id', '>=', leastIdFrom(from));
  if (until !== undefined) query = query.where('at', '<', until).where('id', '<', idPast(until));
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.execute()).map(eventOf);
}

export type ChainEnd = { readonly number: number; readonly sealedAt: number; readonly head: string };

/** The newest sealed batch, without the list of its events; `undefined` while nothing is sealed. */
export async function findChainEnd(queries: Queries): Promise<ChainEnd | undefined> {
  const row = await queries
    .selectFrom('audit_batches')
    .select(['number', 'sealed_at', 'head'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { number: row.number, sealedAt: row.sealed_at, head: row.head };
}
