import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { idPast, leastIdFrom } from '#store/engine/event-ids.ts';
import { eventOf, type LoggedEvent } from './log.ts';

/** Which events to find. Each of the first four fields has an index ordered by age. */
export type EventFilter = {
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  readonly partner?: string | undefined;
  readonly action?: string | undefined;
  /** Unix seconds: `from` is inclusive, `until` is exclusive. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Only events of partners, so no events about staff, keys and backups. */
  readonly ofPartners: boolean;
};

/** One page of the matching events, newest first, only those older than `before`. */
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
  // The condition on the id makes the index usable. The condition on the time gives the exact result.
  if (from !== undefined) query = query.where('at', '>=', from).where('id', '>=', leastIdFrom(from));
  if (until !== undefined) query = query.where('at', '<', until).where('id', '<', idPast(until));
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.execute()).map(eventOf);
}

/** What happens to a partner as a whole on its way to MFA. */
export type RollOutAction = 'partner.mfa_policy_changed' | 'partner.reminded';

/**
 * The newest events of this kind of a partner, newest first, by an index of their own. The events of the partner are
 * mostly sign-ins, which the general search would read one by one.
 */
export async function listRollOutEvents(
  queries: Queries,
  about: { readonly partner: string; readonly action: RollOutAction },
  limit: number,
): Promise<LoggedEvent[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .selectAll()
    .where('partner', '=', about.partner)
    .where('action', '=', about.action)
    // The condition of the index, word for word: SQLite uses a partial index only then.
    .where(sql<boolean>`action in ('partner.mfa_policy_changed', 'partner.reminded')`)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(eventOf);
}

export type ChainEnd = { readonly number: number; readonly sealedAt: number; readonly head: string };

/** The newest sealed batch, without its list of events; `undefined` while nothing is sealed. */
export async function findChainEnd(queries: Queries): Promise<ChainEnd | undefined> {
  const row = await queries
    .selectFrom('audit_batches')
    .select(['number', 'sealed_at', 'head'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { number: row.number, sealedAt: row.sealed_at, head: row.head };
}
