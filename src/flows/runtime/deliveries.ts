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

/** One kind of what is sent after its transaction: the table where it waits, and how one row of it is sent. */
export type DeliveryKind<Table extends QueueTable> = {
  readonly table: Table;
  readonly limits: FairLimits;
  /** Longer than a try can take: one process at a time holds a row. */
  readonly claimSeconds: number;
  /** One try of a row that is claimed until then. It notes what came of it. */
  readonly send: (row: QueueRow<Table>) => Promise<Outcome>;
  /** None of those tried at once was taken, because the receiver takes nothing now. */
  readonly onAway?: () => Promise<void>;
};

/** Delivers a kind each second, in one process at a time. */
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

/** One round: what is due, each receiver in a line of its own, until nothing is. */
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
