import type { Queries } from '#store/engine/database.ts';
import type { WebhookDeliveryTable, WebhookTable } from '#store/queue/tables.ts';

/** The enabled webhooks and their events. In its own file, because every change of MFA needs it. */
export async function listListening(queries: Queries): Promise<readonly Pick<WebhookTable, 'id' | 'events'>[]> {
  return queries.selectFrom('webhooks').select(['id', 'events']).where('disabled_at', 'is', null).execute();
}

/** Writes a delivery in the same transaction as the change it reports. A worker sends it later. */
export async function createDelivery(tx: Queries, row: WebhookDeliveryTable): Promise<void> {
  await tx.insertInto('webhook_deliveries').values(row).execute();
}
