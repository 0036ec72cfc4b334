import { signatureHeader, WEBHOOK_PATIENCE_SECONDS, webhookBackoffSeconds } from '#core/portals/webhook.ts';
import type { Env } from '#env.ts';
import { secretBinding } from '#flows/administration/webhooks.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { deliverFairly, type FairLimits, type FairQueue } from '#flows/runtime/fair-queue.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import type { WebhookDeliveryTable } from '#store/queue/tables.ts';
import { claimDelivery, listDueDeliveries, listDueWebhooks, settleDelivery } from '#store/queue/webhook-deliveries.ts';
import {
  disableWebhook,
  findWebhook,
  listWebhookSecrets,
  noteWebhookFails,
  noteWebhookWorks,
  type Webhook,
} from '#store/queue/webhooks.ts';
import { post, type Resolver, type Taken } from './send.ts';

/** A hundred sockets at most; the deliveries of one webhook keep four of them busy, however it answers. */
const LIMITS: FairLimits = { receivers: 25, perReceiver: 4, lookEveryMs: 1_000 };
/** Longer than a try can take: one process at a time holds a delivery. */
const CLAIM_SECONDS = 40;

export function webhooksJob(env: Env): Job {
  return {
    name: 'webhooks',
    everySeconds: 1,
    isDue: async () => (await listDueWebhooks(env.db.read, env.now())).length > 0,
    run: ({ isStopping }) => deliverWebhooks(env, { isStopping }),
  };
}

type Options = { readonly isStopping?: () => boolean; readonly resolve?: Resolver; readonly timeoutSeconds?: number };

/** One round: what is due, each webhook in a line of its own, until nothing is. */
export async function deliverWebhooks(env: Env, options: Options = {}): Promise<void> {
  const { isStopping = () => false } = options;
  const { read } = env.db;
  const queue: FairQueue<WebhookDeliveryTable> = {
    listReceivers: () => listDueWebhooks(read, env.now()),
    listDue: (webhookId, limit) => listDueDeliveries(read, webhookId, { now: env.now(), limit }),
    deliver: (delivery) => deliverOne(env, delivery, options),
  };
  return deliverFairly(queue, LIMITS, isStopping);
}

/** Answers false when the receiver did not take it. */
async function deliverOne(env: Env, delivery: WebhookDeliveryTable, options: Options): Promise<boolean> {
  const { db } = env;
  const now = env.now();
  const claim = { now, untilAt: now + CLAIM_SECONDS };
  if (!(await db.transaction((tx) => claimDelivery(tx, delivery.id, claim)))) return true;
  const webhook = await findWebhook(db.read, delivery.webhook_id);
  if (!webhook) return true;
  const taken = await tryOnce(env, webhook, delivery, options);
  const line = { deliveryId: delivery.id, webhookId: webhook.id, type: delivery.type, tries: delivery.tries + 1 };
  if (taken.taken) {
    await db.transaction(async (tx) => {
      await settleDelivery(tx, delivery.id, { delivered_at: env.now(), last_fault: null });
      if (webhook.failingSince !== undefined) await noteWebhookWorks(tx, webhook.id);
    });
    env.log.info(line, 'a webhook was delivered');
    return true;
  }
  env.log.warn({ ...line, fault: taken.fault }, 'a webhook was not taken');
  await noteFailure(env, webhook, delivery, taken);
  return false;
}

/** Signed at each try: a receiver refuses what is old by its signed time. */
async function tryOnce(
  env: Env,
  webhook: Webhook,
  { id, payload: body }: WebhookDeliveryTable,
  { resolve, timeoutSeconds }: Options,
): Promise<Taken> {
  const at = env.now();
  const rows = await listWebhookSecrets(env.db.read, webhook.id, at);
  const secrets = rows.map((row) => env.keys.open('webhook', secretBinding(row), row.sealed_secret).toString());
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Sallyport-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatureHeader(secrets, { id, at, body }),
  };
  const allowLocal = env.config.localWebhooks;
  return post(
    { url: webhook.url, headers, body },
    { allowLocal, ...(resolve && { resolve }), ...(timeoutSeconds && { timeoutSeconds }) },
  );
}

/** Another try later; after three days none, and a webhook that took nothing for so long gets nothing more. */
async function noteFailure(
  env: Env,
  webhook: Webhook,
  delivery: WebhookDeliveryTable,
  { fault, gone = false }: { readonly fault: string; readonly gone?: boolean },
): Promise<void> {
  const now = env.now();
  const isOver = delivery.created_at + WEBHOOK_PATIENCE_SECONDS <= now;
  const failsTooLong = (webhook.failingSince ?? now) + WEBHOOK_PATIENCE_SECONDS <= now;
  await env.db.transaction(async (tx) => {
    const next = { last_fault: fault, next_try_at: now + webhookBackoffSeconds(delivery.tries + 1) };
    await settleDelivery(tx, delivery.id, gone || isOver ? { last_fault: fault, dead_at: now } : next);
    await noteWebhookFails(tx, webhook.id, now);
    if (!(gone || failsTooLong)) return;
    if (!(await disableWebhook(tx, webhook.id, { now, because: 'failing' }))) return;
    const detail = { webhookId: webhook.id };
    await appendEvent(env, tx, { action: 'webhook.disabled', actor: 'system', detail }, undefined);
  });
}
