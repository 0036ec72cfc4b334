import type { Selectable } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { WebhookSecretTable, WebhookTable } from '#store/queue/tables.ts';

export type Webhook = {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly createdAt: number;
  readonly disabledAt: number | undefined;
  readonly disabledBecause: 'by_staff' | 'failing' | undefined;
  readonly failingSince: number | undefined;
};

export async function createWebhook(tx: Queries, row: WebhookTable): Promise<void> {
  await tx.insertInto('webhooks').values(row).execute();
}

export async function listWebhooks(queries: Queries): Promise<readonly Webhook[]> {
  return (await queries.selectFrom('webhooks').selectAll().orderBy('id').execute()).map(webhookOf);
}

export async function findWebhook(queries: Queries, id: string): Promise<Webhook | undefined> {
  const row = await queries.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  return row && webhookOf(row);
}

/** Disables a webhook, so that it gets no more events. False if it was already disabled. */
export async function disableWebhook(
  tx: Queries,
  id: string,
  { now, because }: { now: number; because: 'by_staff' | 'failing' },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhooks')
    .set({ disabled_at: now, disabled_because: because })
    .where('id', '=', id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function enableWebhook(tx: Queries, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhooks')
    .set({ disabled_at: null, disabled_because: null, failing_since: null })
    .where('id', '=', id)
    .where('disabled_at', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Clears the failure after a successful delivery. */
export async function noteWebhookWorks(tx: Queries, id: string): Promise<void> {
  await tx.updateTable('webhooks').set({ failing_since: null }).where('id', '=', id).execute();
}

/** Records the start of a failure after a failed delivery, unless an earlier start is stored. */
export async function noteWebhookFails(tx: Queries, id: string, now: number): Promise<void> {
  await tx
    .updateTable('webhooks')
    .set({ failing_since: now })
    .where('id', '=', id)
    .where('failing_since', 'is', null)
    .execute();
}

export async function createWebhookSecret(tx: Queries, row: WebhookSecretTable): Promise<void> {
  await tx.insertInto('webhook_secrets').values(row).execute();
}

/** The valid secrets, newest first. */
export async function listWebhookSecrets(queries: Queries, webhookId: string, now: number) {
  return queries
    .selectFrom('webhook_secrets')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', now)]))
    .orderBy('id', 'desc')
    .execute();
}

/** The current secret stays valid until `expiresAt`, so that the receiver can switch. Older secrets are deleted now. */
export async function retireWebhookSecrets(tx: Queries, webhookId: string, expiresAt: number): Promise<void> {
  const old = tx.deleteFrom('webhook_secrets').where('webhook_id', '=', webhookId);
  await old.where('expires_at', 'is not', null).execute();
  await tx.updateTable('webhook_secrets').set({ expires_at: expiresAt }).where('webhook_id', '=', webhookId).execute();
}

function webhookOf(row: Selectable<WebhookTable>): Webhook {
  return {
    id: row.id,
    url: row.url,
    events: row.events.split(' '),
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
    disabledBecause: row.disabled_because ?? undefined,
    failingSince: row.failing_since ?? undefined,
  };
}
