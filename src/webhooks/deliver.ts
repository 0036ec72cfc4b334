import { backoffSeconds, WEBHOOK_BACKOFF } from '#core/limits/backoff.ts';
import { signatureHeader, WEBHOOK_PATIENCE_SECONDS } from '#core/portals/webhook.ts';
import type { Env } from '#env.ts';
import { secretBinding } from '#flows/administration/webhooks.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type DeliveryKind, deliverDue, deliveryJob } from '#flows/runtime/deliveries.ts';
import type { Outcome } from '#flows/runtime/fair-queue.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { settleDelivery } from '#store/queue/delivery-queue.ts';
import type { WebhookDeliveryTable } from '#store/queue/tables.ts';
import {
  disableWebhook,
  findWebhook,
  listWebhookSecrets,
  noteWebhookFails,
  noteWebhookWorks,
  type Webhook,
} from '#store/queue/webhooks.ts';
import { post, type Resolver, type Taken } from './send.ts';

export function webhooksJob(env: Env): Job {
  return deliveryJob(env, 'webhooks', webhookKind(env, {}));
}

type Options = { readonly resolve?: Resolver; readonly timeoutSeconds?: number };

/** One round: sends everything that is due. */
export function deliverWebhooks(
  env: Env,
  options: Options & { readonly isStopping?: () => boolean } = {},
): Promise<void> {
  return deliverDue(env, webhookKind(env, options), options.isStopping);
}

function webhookKind(env: Env, options: Options): DeliveryKind<'webhook_deliveries'> {
  return {
    table: 'webhook_deliveries',
    // At most a hundred sockets. One webhook uses at most four of them, however slowly it answers.
    limits: { receivers: 25, perReceiver: 4, lookEveryMs: 1_000 },
    claimSeconds: 40,
    send: (delivery) => deliverOne(env, delivery, options),
  };
}

async function deliverOne(env: Env, delivery: WebhookDeliveryTable, options: Options): Promise<Outcome> {
  const { db } = env;
  const webhook = await findWebhook(db.read, delivery.webhook_id);
  if (!webhook) return 'not_ours';
  const taken = await tryOnce(env, webhook, delivery, options);
  const line = { deliveryId: delivery.id, webhookId: webhook.id, type: delivery.type, tries: delivery.tries + 1 };
  if (taken.taken) {
    await db.transaction(async (tx) => {
      await settleDelivery(tx, 'webhook_deliveries', delivery.id, { delivered_at: env.now(), last_fault: null });
      if (webhook.failingSince !== undefined) await noteWebhookWorks(tx, webhook.id);
    });
    env.log.info(line, 'a webhook was delivered');
    return 'taken';
  }
  env.log.warn({ ...line, fault: taken.fault }, 'a webhook was not taken');
  await noteFailure(env, webhook, delivery, taken);
  return 'refused';
}

/** Signed at each try, because a receiver refuses an old signing time. */
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

/** Schedules another try, up to three days. A webhook that accepted nothing in that time is disabled. */
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
    const next = { last_fault: fault, next_try_at: now + backoffSeconds(WEBHOOK_BACKOFF, delivery.tries + 1) };
    await settleDelivery(
      tx,
      'webhook_deliveries',
      delivery.id,
      gone || isOver ? { last_fault: fault, dead_at: now } : next,
    );
    await noteWebhookFails(tx, webhook.id, now);
    if (!(gone || failsTooLong)) return;
    if (!(await disableWebhook(tx, webhook.id, { now, because: 'failing' }))) return;
    const detail = { webhookId: webhook.id };
    await appendEvent(env, tx, { action: 'webhook.disabled', actor: 'system', detail }, undefined);
  });
}
