import type { Queries } from '#store/engine/database.ts';

/** Measures for health checks and metrics. Each is one cheap statement on an index. */

/** When the oldest unsealed event was written. */
export async function findOldestUnsealedAt(queries: Queries): Promise<number | undefined> {
  const row = await queries
    .selectFrom('audit_events')
    .select('at')
    .where('batch', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.at;
}

/** When the newest batch was sealed. */
export async function findLastSealedAt(queries: Queries): Promise<number | undefined> {
  const row = await queries
    .selectFrom('audit_batches')
    .select('sealed_at')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.sealed_at;
}

/** How many messages wait to be sent, and the creation time of the oldest. */
export async function countUnsentMail(queries: Queries): Promise<{ count: number; oldestAt: number | undefined }> {
  const row = await queries
    .selectFrom('outbox')
    .select((e) => [
      e.fn.countAll<number | bigint | string>().as('count'),
      e.fn.min<number | bigint | string | null>('created_at').as('oldest_at'),
    ])
    .where('sent_at', 'is', null)
    .where('dead_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { count: Number(row.count), oldestAt: row.oldest_at === null ? undefined : Number(row.oldest_at) };
}

/** The number of sessions before their absolute expiry. It scans a whole index, so call it at most once a minute. */
export async function countSessions(queries: Queries, now: number): Promise<number> {
  const row = await queries
    .selectFrom('sessions')
    .select((e) => e.fn.countAll<number | bigint | string>().as('count'))
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The time of the last recorded clock jump after this moment. */
export async function findLastClockJump(queries: Queries, after: number): Promise<number | undefined> {
  const row = await queries
    .selectFrom('audit_events')
    .select((e) => e.fn.max<number | string | null>('at').as('at'))
    .where('action', '=', 'server.clock_jumped')
    .where('at', '>', after)
    .executeTakeFirst();
  return row?.at == null ? undefined : Number(row.at);
}
