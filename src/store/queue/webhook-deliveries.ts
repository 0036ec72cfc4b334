import type { ExpressionBuilder } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';
import type { WebhookDeliveryTable } from '#store/queue/tables.ts';

/** The ids of webhooks that listen and for which something may be tried now. */
export async function listDueWebhooks(queries: Queries, now: number): Promise<readonly string[]> {
  const due = (webhook: ExpressionBuilder<Schema, 'webhooks'>) =>
    webhook.exists(
      webhook
        .selectFrom('webhook_deliveries')
        .select('webhook_deliveries.id')
        .whereRef('webhook_deliveries.webhook_id', '=', 'webhooks.id')
        .where('delivered_at', 'is', null)
        .where('dead_at', 'is', null)
        .where('next_try_at', '<=', now),
    );
  const rows = await queries.selectFrom('webhooks').select('id').where('disabled_at', 'is', null).where(due).execute();
  return rows.map(({ id }) => id);
}

/** Up to `limit` that may be tried now at a webhook, the longest waiting first; none where it does not listen. */
export async function listDueDeliveries(
  queries: Queries,
  webhookId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly WebhookDeliveryTable[]> {
  return queries
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where(isWaiting)
    .where('webhook_id', '=', webhookId)
    .where('next_try_at', '<=', now)
    .where('webhook_id', 'in', (e) => e.selectFrom('webhooks').select('id').where('disabled_at', 'is', null))
    .orderBy('next_try_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/**
 * Takes one for a try: true for one of all who ask, and until `untilAt` for nobody else.
 *
 * If a process dies while it holds one, another takes it after that.
 */
export async function claimDelivery(
  tx: Queries,
  id: string,
  { now, untilAt }: { now: number; untilAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhook_deliveries')
    .set((row) => ({ tries: row('tries', '+', 1), next_try_at: untilAt }))
    .where('id', '=', id)
    .where(isWaiting)
    .where('next_try_at', '<=', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

type Outcome = Partial<Pick<WebhookDeliveryTable, 'delivered_at' | 'dead_at' | 'last_fault' | 'next_try_at'>>;

/** What came of a try. */
export async function settleDelivery(tx: Queries, id: string, outcome: Outcome): Promise<void> {
  await tx.updateTable('webhook_deliveries').set(outcome).where('id', '=', id).execute();
}

/** Sends one again, under the same id: a receiver that had it knows it. False for one that waits anyway. */
export async function replayDelivery(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhook_deliveries')
    .set({ delivered_at: null, dead_at: null, last_fault: null, tries: 0, next_try_at: now })
    .where('id', '=', id)
    .where((row) => row.or([row('delivered_at', 'is not', null), row('dead_at', 'is not', null)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function findDelivery(queries: Queries, id: string): Promise<WebhookDeliveryTable | undefined> {
  return queries.selectFrom('webhook_deliveries').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The last ones of a webhook, the newest first. */
export async function listDeliveries(
  queries: Queries,
  webhookId: string,
  limit: number,
): Promise<readonly WebhookDeliveryTable[]> {
  const all = queries.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId);
  return all.orderBy('id', 'desc').limit(limit).execute();
}

/**
 * Forgets what was sent about a person, and what is still to be sent: their email goes with them.
 *
 * Looks through a month of payloads, by the form that `queueWebhooks` gives them: people are deleted seldom.
 */
export async function deleteDeliveriesAbout(tx: Queries, userId: string): Promise<void> {
  const ofThem = `%"data":{"user":{"id":"${userId}",%`;
  await tx.deleteFrom('webhook_deliveries').where('payload', 'like', ofThem).execute();
}

/** Forgets up to `limit` from before that moment; answers how many. */
export async function deleteOldDeliveries(tx: Queries, before: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('webhook_deliveries')
    .where('id', 'in', (e) =>
      e.selectFrom('webhook_deliveries').select('id').where('created_at', '<', before).limit(limit),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Neither taken nor given up. */
function isWaiting(row: ExpressionBuilder<Schema, 'webhook_deliveries'>) {
  return row.and([row('delivered_at', 'is', null), row('dead_at', 'is', null)]);
}
