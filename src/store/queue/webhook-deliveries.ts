import type { Queries } from '#store/engine/database.ts';
import type { WebhookDeliveryTable } from '#store/queue/tables.ts';

/** Queues a delivery again under the same id, so that the receiver can detect repeats. False if it still waits. */
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

/** The last deliveries of a webhook, newest first. */
export async function listDeliveries(
  queries: Queries,
  webhookId: string,
  limit: number,
): Promise<readonly WebhookDeliveryTable[]> {
  const all = queries.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId);
  return all.orderBy('id', 'desc').limit(limit).execute();
}

/**
 * Deletes all deliveries about a person, sent or not, because they contain the email.
 *
 * It scans a month of payloads, in the format of `queueWebhooks`. People are rarely deleted.
 */
export async function deleteDeliveriesAbout(tx: Queries, userId: string): Promise<void> {
  const ofThem = `%"data":{"user":{"id":"${userId}",%`;
  await tx.deleteFrom('webhook_deliveries').where('payload', 'like', ofThem).execute();
}
