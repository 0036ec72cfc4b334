import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';

/** Queues that are sent after the transaction. A row has `id`, `tries` and the time of its next try. */
export type QueueTable = 'outbox' | 'webhook_deliveries' | 'oidc_logouts';

export type QueueRow<Table extends QueueTable> = Selectable<Schema[Table]> & { readonly id: string };

type Condition = RawBuilder<unknown>;

type Queue = {
  /** Neither delivered nor given up, in the same words as the index of such rows. */
  readonly isWaiting: Condition;
  /** Further conditions for a try at this time. */
  readonly mayGo: (now: number) => Condition;
  /** The receivers of the rows. Without them, all rows go to one receiver, the mail server. */
  readonly receivers?: { readonly table: string; readonly column: string; readonly listens: Condition };
};

/** Longer than any limit per address delays a mail. A later `not_before` came from a wrong clock and is ignored. */
const SPARED_SECONDS_MOST = 25 * 60 * 60;

const ALWAYS = sql`true`;

const QUEUES: Readonly<Record<QueueTable, Queue>> = {
  outbox: {
    isWaiting: sql`sent_at is null and dead_at is null`,
    mayGo: (now) => sql`expires_at > ${now} and (not_before <= ${now} or not_before > ${now + SPARED_SECONDS_MOST})`,
  },
  webhook_deliveries: {
    isWaiting: sql`delivered_at is null and dead_at is null`,
    mayGo: () => ALWAYS,
    receivers: { table: 'webhooks', column: 'webhook_id', listens: sql`disabled_at is null` },
  },
  oidc_logouts: {
    // A notice that the client accepted is deleted.
    isWaiting: ALWAYS,
    mayGo: () => ALWAYS,
    receivers: { table: 'oidc_clients', column: 'client_id', listens: ALWAYS },
  },
};

/** The ids of active receivers with due rows; `['']` if the queue has only one receiver. */
export async function listDueReceivers(queries: Queries, table: QueueTable, now: number): Promise<readonly string[]> {
  const { receivers } = QUEUES[table];
  if (receivers === undefined) {
    const first = sql`select 1 from ${sql.table(table)} where ${isDue(table, now)} limit 1`;
    return (await first.execute(queries)).rows.map(() => '');
  }
  // One index look-up per receiver, so that the due rows of one receiver are not scanned to find the others.
  const due: RawBuilder<{ id: string }> = sql`
    select r.id from ${sql.table(receivers.table)} as r where ${receivers.listens} and exists (
      select 1 from ${sql.table(table)} as q where ${sql.ref(`q.${receivers.column}`)} = r.id and ${isDue(table, now)})`;
  return (await due.execute(queries)).rows.map(({ id }) => id);
}

type Asked = { readonly receiver: string; readonly now: number; readonly limit: number };

/** Up to `limit` due rows of a receiver, the longest waiting first; none if the receiver is disabled. */
export async function listDue<Table extends QueueTable>(
  queries: Queries,
  table: Table,
  { receiver, now, limit }: Asked,
): Promise<readonly QueueRow<Table>[]> {
  const { receivers } = QUEUES[table];
  const isTheirs =
    receivers === undefined
      ? ALWAYS
      : sql`${sql.ref(receivers.column)} = ${receiver} and exists (
          select 1 from ${sql.table(receivers.table)} as r where r.id = ${receiver} and ${receivers.listens})`;
  const due: RawBuilder<QueueRow<Table>> = sql`
    select * from ${sql.table(table)} where ${isTheirs} and ${isDue(table, now)} order by next_try_at, id limit ${limit}`;
  return (await due.execute(queries)).rows;
}

/**
 * Reserves a row for one try: true for only one caller, and for no other until `untilAt`.
 *
 * If the process dies during the try, another one can reserve the row after that time.
 */
export async function claimDelivery(
  tx: Queries,
  table: QueueTable,
  id: string,
  { now, untilAt }: { readonly now: number; readonly untilAt: number },
): Promise<boolean> {
  const claimed = sql`update ${sql.table(table)} set tries = tries + 1, next_try_at = ${untilAt}
    where id = ${id} and ${isDue(table, now)}`;
  return (await claimed.execute(tx)).numAffectedRows === 1n;
}

/** Stores the result of a try: delivered, given up, or when the next try is due. */
export async function settleDelivery<Table extends QueueTable>(
  tx: Queries,
  table: Table,
  id: string,
  outcome: Partial<QueueRow<Table>>,
): Promise<void> {
  const changes = Object.entries(outcome).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  await sql`update ${sql.table(table)} set ${sql.join(changes)} where id = ${id}`.execute(tx);
}

/** Deletes one row, whatever its state is. */
export async function deleteDelivery(tx: Queries, table: QueueTable, id: string): Promise<void> {
  await sql`delete from ${sql.table(table)} where id = ${id}`.execute(tx);
}

/** Deletes up to `limit` rows created before this time, whatever their state is; returns how many. */
export async function deleteOldDeliveries(
  tx: Queries,
  table: 'outbox' | 'webhook_deliveries',
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<number> {
  const old = sql`delete from ${sql.table(table)} where id in (
    select id from ${sql.table(table)} where created_at < ${before} limit ${limit})`;
  return Number((await old.execute(tx)).numAffectedRows ?? 0n);
}

function isDue(table: QueueTable, now: number): Condition {
  const { isWaiting, mayGo } = QUEUES[table];
  return sql`${isWaiting} and next_try_at <= ${now} and ${mayGo(now)}`;
}
