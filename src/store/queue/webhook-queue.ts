import type { Queries } from '#store/engine/database.ts';
import type { WebhookDeliveryTable, WebhookTable } from '#store/queue/tables.ts';

/** Those that get an event now, and which. Apart from the rest: whatever changes MFA asks for them. */
export async function listListening(queries: Queries): Promise<readonly Pick<WebhookTable, 'id' | 'events'>[]> {
  return queries.selectFrom('webhooks').select(['id', 'events']).where('disabled_at', 'is', null).execute();
}

/** Written with the effect it reports, in the same transaction; sent after. */
export async function createDelivery(tx: Queries, row: WebhookDeliveryTable): Promise<void> {
  await tx.insertInto('webhook_deliveries').values(row).execute();
}
