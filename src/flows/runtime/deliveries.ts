import type { Env } from '#env.ts';
import {
  claimDelivery,
  listDue,
  listDueReceivers,
  type QueueRow,
  type QueueTable,
} from '#store/queue/delivery-queue.ts';
import { deliverFairly, type FairLimits, type Outcome } from './fair-queue.ts';
import type { Job } from './jobs.ts';

/** Something that is sent after its transaction: the table where it waits, and how to send one row. */
export type DeliveryKind<Table extends QueueTable> = {
  readonly table: Table;
  readonly limits: FairLimits;
  /** Longer than a try can take, so that only one process at a time sends a row. */
  readonly claimSeconds: number;
  /** Tries to send a claimed row, and stores the result. */
  readonly send: (row: QueueRow<Table>) => Promise<Outcome>;
  /** The receiver accepts nothing now: all deliveries tried at once failed. */
  readonly onAway?: () => Promise<void>;
};

/** Delivers the due rows of a kind each second, in one process at a time. */
export function deliveryJob<Table extends QueueTable>(env: Env, name: string, kind: DeliveryKind<Table>): Job {
  return {
    name,
    everySeconds: 1,
    isDue: () => isAnythingDue(env, kind.table),
    run: ({ isStopping }) => deliverDue(env, kind, isStopping),
  };
}

export async function isAnythingDue({ db, now }: Env, table: QueueTable): Promise<boolean> {
  return (await listDueReceivers(db.read, table, now())).length > 0;
}

/** One round: delivers until nothing is due, with a separate line for each receiver. */
export function deliverDue<Table extends QueueTable>(
  env: Env,
  kind: DeliveryKind<Table>,
  isStopping: () => boolean = () => false,
): Promise<void> {
  const { table, limits, onAway } = kind;
  const { read } = env.db;
  const queue = {
    listReceivers: () => listDueReceivers(read, table, env.now()),
    listDue: (receiver: string, limit: number) => listDue(read, table, { receiver, now: env.now(), limit }),
    deliver: (row: QueueRow<Table>) => claimAndSend(env, kind, row),
    ...(onAway && { onAway }),
  };
  return deliverFairly(queue, limits, isStopping);
}

async function claimAndSend<Table extends QueueTable>(
  env: Env,
  { table, claimSeconds, send }: DeliveryKind<Table>,
  row: QueueRow<Table>,
): Promise<Outcome> {
  const now = env.now();
  const claim = { now, untilAt: now + claimSeconds };
  if (!(await env.db.transaction((tx) => claimDelivery(tx, table, row.id, claim)))) return 'not_ours';
  return send(row);
}
