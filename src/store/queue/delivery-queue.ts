import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';

/** What is sent after the transaction that wrote it. A row has its `id`, its `tries` and when it is due: `next_try_at`. */
export type QueueTable = 'outbox' | 'webhook_deliveries' | 'oidc_logouts';

export type QueueRow<Table extends QueueTable> = Selectable<Schema[Table]> & { readonly id: string };

type Condition = RawBuilder<unknown>;

type Queue = {
  /** Neither delivered nor given up, in the words of the index of such rows. */
  readonly isWaiting: Condition;
  /** What else must hold for a try at that moment. */
  readonly mayGo: (now: number) => Condition;
  /** To whom a row goes. Without them all rows go to one receiver: the mail server. */
  readonly receivers?: { readonly table: string; readonly column: string; readonly listens: Condition };
};

/** A clock that was ahead cannot hold a mail for longer than the budgets of an address do. */
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
    // What a client has taken is deleted.
    isWaiting: ALWAYS,
    mayGo: () => ALWAYS,
    receivers: { table: 'oidc_clients', column: 'client_id', listens: ALWAYS },
  },
};

/** The ids of the receivers that listen and for whom something is due; `['']` where there is only one. */
export async function listDueReceivers(queries: Queries, table: QueueTable, now: number): Promise<readonly string[]> {
  const { receivers } = QUEUES[table];
  if (receivers === undefined) {
    const first = sql`select 1 from ${sql.table(table)} where ${isDue(table, now)} limit 1`;
    return (await first.execute(queries)).rows.map(() => '');
  }
  // For each receiver a look into the index: what is due for one is not counted to find the others.
  const due: RawBuilder<{ id: string }> = sql`
    select r.id from ${sql.table(receivers.table)} as r where ${receivers.listens} and exists (
      select 1 from ${sql.table(table)} as q where ${sql.ref(`q.${receivers.column}`)} = r.id and ${isDue(table, now)})`;
  return (await due.execute(queries)).rows.map(({ id }) => id);
}

type Asked = { readonly receiver: string; readonly now: number; readonly limit: number };

/** Up to `limit` that are due for a receiver, the longest waiting first; none where it does not listen. */
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
 * Takes a row for one try: true for one of all who ask, and until `untilAt` for nobody else.
 *
 * If a process dies while it holds one, another takes it after that.
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

/** Notes what came of a try: delivered, given up, or when the next one is due. */
export async function settleDelivery<Table extends QueueTable>(
  tx: Queries,
  table: Table,
  id: string,
  outcome: Partial<QueueRow<Table>>,
): Promise<void> {
  const changes = Object.entries(outcome).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  await sql`update ${sql.table(table)} set ${sql.join(changes)} where id = ${id}`.execute(tx);
}

/** Forgets one, whatever became of it. */
export async function deleteDelivery(tx: Queries, table: QueueTable, id: string): Promise<void> {
  await sql`delete from ${sql.table(table)} where id = ${id}`.execute(tx);
}

/** Forgets up to `limit` rows from before that moment, whatever became of them; answers how many. */
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
