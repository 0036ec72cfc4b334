import type { Selectable } from 'kysely';
import type { SealableEvent } from '#core/audit/chain.ts';
import type { AuditBatchTable, AuditEventTable } from '#store/audit/tables.ts';
import type { Queries } from '#store/engine/database.ts';

/** An event as the database returns it. */
export type LoggedEvent = SealableEvent & {
  /** JSON `{salt, ip, userAgent}`; absent after erasure, and for events without a request. */
  readonly client: string | undefined;
  /** `<key id>.<mac>`; absent after sealing. */
  readonly proof: string | undefined;
  /** Absent while the event is not sealed. */
  readonly batch: number | undefined;
};

/** A sealed batch, or the checkpoint that replaces pruned batches. */
export type AuditBatch = {
  readonly number: number;
  readonly sealedAt: number;
  readonly eventCount: number;
  readonly manifest: string;
  readonly eventsDigest: string;
  readonly head: string;
  readonly seal: string;
  readonly checkpoint: boolean;
};

/** The newest batch. After everything was pruned, this is the checkpoint. */
export async function findLastAuditBatch(queries: Queries): Promise<AuditBatch | undefined> {
  const row = await queries
    .selectFrom('audit_batches')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && batchOf(row);
}

/** The oldest batch that was not pruned, or the checkpoint before it. */
export async function findFirstAuditBatch(queries: Queries): Promise<AuditBatch | undefined> {
  const [first] = await listAuditBatches(queries, undefined, 1);
  return first;
}

/** Batches ordered by number, only those after `number`. */
export async function listAuditBatches(
  queries: Queries,
  number: number | undefined,
  limit: number,
): Promise<AuditBatch[]> {
  const all = queries.selectFrom('audit_batches').selectAll().orderBy('number').limit(limit);
  const rows = await (number === undefined ? all : all.where('number', '>', number)).execute();
  return rows.map(batchOf);
}

/** The newest batches and how many events each has, the newest first, without their lists of events. */
export async function listNewestBatchSizes(
  queries: Queries,
  limit: number,
): Promise<readonly Pick<AuditBatch, 'number' | 'eventCount'>[]> {
  const rows = await queries
    .selectFrom('audit_batches')
    .select(['number', 'event_count'])
    .where('checkpoint', '=', 0)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ number, event_count }) => ({ number, eventCount: event_count }));
}

/** When the first later batch was sealed, ignoring times after `now`; `now` if there is no such batch. */
export async function findNextSealedAt(queries: Queries, number: number, now: number): Promise<number> {
  const row = await queries
    .selectFrom('audit_batches')
    .select('sealed_at')
    .where('number', '>', number)
    .where('sealed_at', '<=', now)
    .orderBy('number')
    .limit(1)
    .executeTakeFirst();
  return row?.sealed_at ?? now;
}

/** Adds a batch. Its number is unique, so if two nodes seal at the same time, one of them fails. */
export async function createAuditBatch(tx: Queries, batch: AuditBatch): Promise<void> {
  await tx
    .insertInto('audit_batches')
    .values({
      number: batch.number,
      sealed_at: batch.sealedAt,
      event_count: batch.eventCount,
      manifest: batch.manifest,
      events_digest: batch.eventsDigest,
      head: batch.head,
      seal: batch.seal,
      checkpoint: batch.checkpoint ? 1 : 0,
    })
    .execute();
}

/** Replaces the seal of a batch; false if the batch was changed or pruned after it was read. */
export async function replaceAuditSeal(tx: Queries, batch: AuditBatch, seal: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('audit_batches')
    .set({ seal })
    .where('number', '=', batch.number)
    .where('seal', '=', batch.seal)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The events of one batch, ordered by id. */
export async function listEventsOfBatch(queries: Queries, number: number): Promise<LoggedEvent[]> {
  const rows = await queries.selectFrom('audit_events').selectAll().where('batch', '=', number).orderBy('id').execute();
  return rows.map(eventOf);
}

/** Events whose batch does not exist, so that no seal covers them, of batches from this number on. */
export async function listStrayAuditEvents(queries: Queries, fromBatch: number, limit: number): Promise<LoggedEvent[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .selectAll()
    .where('batch', '>=', fromBatch)
    .where('batch', 'not in', (e) => e.selectFrom('audit_batches').select('number').where('checkpoint', '=', 0))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(eventOf);
}

/** One page of all events, ordered by id: only events after `afterId`, and none from before `since`. */
export async function listAuditEvents(
  queries: Queries,
  page: { readonly afterId: string; readonly since: number; readonly limit: number },
): Promise<LoggedEvent[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .selectAll()
    .where('id', '>', page.afterId)
    .where('at', '>=', page.since)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map(eventOf);
}

/** The newest events of a partner or about one person, newest first. */
export async function listRecentEvents(
  queries: Queries,
  about: { readonly partner: string } | { readonly subject: string },
  limit: number,
): Promise<LoggedEvent[]> {
  const all = queries.selectFrom('audit_events').selectAll().orderBy('id', 'desc').limit(limit);
  const some = 'partner' in about ? all.where('partner', '=', about.partner) : all.where('subject', '=', about.subject);
  return (await some.execute()).map(eventOf);
}

/** The sealed events of one action, ordered by id. */
export async function listSealedEventsOf(queries: Queries, action: string): Promise<LoggedEvent[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .selectAll()
    .where('action', '=', action)
    .where('batch', 'is not', null)
    .orderBy('id')
    .execute();
  return rows.map(eventOf);
}

/** The number of the batch that holds an event; undefined while the event is not sealed. */
export async function findBatchNumber(queries: Queries, eventId: string): Promise<number | undefined> {
  const row = await queries.selectFrom('audit_events').select('batch').where('id', '=', eventId).executeTakeFirst();
  return row?.batch ?? undefined;
}

/** Up to `limit` ids of events before `before`, in `lastBatch` or earlier, that still have client data. */
export async function listErasableEvents(
  queries: Queries,
  page: { readonly afterId: string; readonly before: number; readonly lastBatch: number; readonly limit: number },
): Promise<string[]> {
  const rows = await queries
    .selectFrom('audit_events')
    .select('id')
    .where('id', '>', page.afterId)
    .where('at', '<', page.before)
    .where('batch', '<=', page.lastBatch)
    .where('client', 'is not', null)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Erases the client data of these events. The digest stays, so the chain still verifies. */
export async function eraseAuditClients(tx: Queries, ids: readonly string[]): Promise<void> {
  await tx.updateTable('audit_events').set({ client: null }).where('id', 'in', ids).execute();
}

/** Deletes all batches up to `number`, with their events. */
export async function deleteAuditBatches(tx: Queries, number: number): Promise<void> {
  await tx.deleteFrom('audit_events').where('batch', '<=', number).execute();
  await tx.deleteFrom('audit_batches').where('number', '<=', number).execute();
}

/** Converts a row to an event. */
export function eventOf(row: Selectable<AuditEventTable>): LoggedEvent {
  const { request_id, client, client_digest, proof, batch, ...same } = row;
  return {
    ...same,
    requestId: request_id,
    clientDigest: client_digest,
    client: client ?? undefined,
    proof: proof ?? undefined,
    batch: batch ?? undefined,
  };
}

function batchOf(row: Selectable<AuditBatchTable>): AuditBatch {
  const { sealed_at, event_count, events_digest, checkpoint, ...same } = row;
  return {
    ...same,
    sealedAt: sealed_at,
    eventCount: event_count,
    eventsDigest: events_digest,
    checkpoint: checkpoint === 1,
  };
}
