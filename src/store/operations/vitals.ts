import type { Queries } from '#store/engine/database.ts';

/** What tells from outside how the service is: each one cheap statement on an index, for health and metrics. */

/** When the oldest event that no batch holds was written. */
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

/** How many messages wait to be sent, and since when the oldest does. */
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

/** How many sessions are not over by their absolute end. Reads the index of all of them: not more than once a minute. */
export async function countSessions(queries: Queries, now: number): Promise<number> {
  const row = await queries
    .selectFrom('sessions')
    .select((e) => e.fn.countAll<number | bigint | string>().as('count'))
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** When a jump of the clock was last written down, after that moment. */
export async function findLastClockJump(queries: Queries, after: number): Promise<number | undefined> {
  const row = await queries
    .selectFrom('audit_events')
    .select((e) => e.fn.max<number | string | null>('at').as('at'))
    .where('action', '=', 'server.clock_jumped')
    .where('at', '>', after)
    .executeTakeFirst();
  return row?.at == null ? undefined : Number(row.at);
}
