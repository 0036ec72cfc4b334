import { isWebhookEvent, newWebhookSecret, type WebhookEventType, webhookUrl } from '#core/portals/webhook.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { findDelivery, replayDelivery } from '#store/queue/webhook-deliveries.ts';
import {
  createWebhook,
  createWebhookSecret,
  disableWebhook,
  enableWebhook,
  findWebhook,
  retireWebhookSecrets,
  type Webhook,
} from '#store/queue/webhooks.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

/** The old secret keeps signing beside the new one for this long, so that the receiver can switch. */
const OLD_SECRET_SECONDS = DAY_SECONDS;

/** A webhook with a new secret, which is shown only now. */
export type MadeWebhook = { readonly webhook: Webhook; readonly secret: string };

export async function addWebhook(
  env: Env,
  actor: Actor,
  typed: { readonly url: string; readonly events: readonly string[] },
  around: Around<MadeWebhook> = plainly,
): Promise<MadeWebhook | Refusal> {
  const url = webhookUrl(typed.url, { allowLocal: env.config.localWebhooks });
  const events: WebhookEventType[] = [...new Set(typed.events)].filter(isWebhookEvent);
  const areKnown = events.length > 0 && typed.events.every(isWebhookEvent);
  const unfit = refuseFields([url === undefined && 'url', !areKnown && 'events']);
  if (unfit || url === undefined) return unfit ?? refuse('invalid_request');
  const id = env.newId();
  const now = env.now();
  return actingTransaction(env, actor, around, async (tx) => {
    const idle = { disabled_at: null, disabled_because: null, failing_since: null };
    await createWebhook(tx, { id, url, events: events.join(' '), created_at: now, ...idle });
    const secret = await addSecret(env, tx, id);
    await tell(env, tx, actor, 'webhook.created', id);
    const fresh = { disabledAt: undefined, disabledBecause: undefined, failingSince: undefined };
    return { webhook: { id, url, events, createdAt: now, ...fresh }, secret };
  });
}

/** Makes a new secret; deliveries carry the signatures of both for a day. */
export async function rotateWebhookSecret(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<MadeWebhook> = plainly,
): Promise<MadeWebhook | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const webhook = await findWebhook(tx, id);
    if (!webhook) return refuse('not_found', { reason: 'webhook' });
    await retireWebhookSecrets(tx, id, env.now() + OLD_SECRET_SECONDS);
    const secret = await addSecret(env, tx, id);
    await tell(env, tx, actor, 'webhook.secret_rotated', id);
    return { webhook, secret };
  });
}

export async function stopWebhook(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<Webhook> = plainly,
): Promise<Webhook | Refusal> {
  return change(env, { actor, id, around }, async (tx) => {
    const changed = await disableWebhook(tx, id, { now: env.now(), because: 'by_staff' });
    if (changed) await tell(env, tx, actor, 'webhook.disabled', id);
  });
}

/** Deliveries that waited meanwhile, and were not given up, are sent again. */
export async function resumeWebhook(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<Webhook> = plainly,
): Promise<Webhook | Refusal> {
  return change(env, { actor, id, around }, async (tx) => {
    if (await enableWebhook(tx, id)) await tell(env, tx, actor, 'webhook.enabled', id);
  });
}

/** Sends a delivered or given-up delivery again; `waiting` if it is queued. Refuses if the webhook is disabled. */
export async function replay(
  env: Env,
  actor: Actor,
  deliveryId: string,
  around: Around<true | 'waiting'> = plainly,
): Promise<true | 'waiting' | Refusal> {
  return actingTransaction<true | 'waiting'>(env, actor, around, async (tx) => {
    const delivery = await findDelivery(tx, deliveryId);
    const webhook = delivery && (await findWebhook(tx, delivery.webhook_id));
    if (!webhook) return refuse('not_found', { reason: 'delivery' });
    if (webhook.disabledAt !== undefined) return refuse('forbidden', { reason: 'webhook_disabled' });
    if (!(await replayDelivery(tx, deliveryId, env.now()))) return 'waiting';
    await tell(env, tx, actor, 'webhook.replayed', webhook.id, deliveryId);
    return true;
  });
}

/** Binds the sealed secret to its row and its webhook. */
export function secretBinding(row: { readonly id: string; readonly webhook_id: string }) {
  return { table: 'webhook_secrets', rowId: row.id, userId: row.webhook_id };
}

async function addSecret(env: Env, tx: Queries, webhookId: string): Promise<string> {
  const secret = newWebhookSecret(env.random);
  const row = { id: env.newId(), webhook_id: webhookId };
  const sealed = env.keys.seal('webhook', secretBinding(row), secret);
  await createWebhookSecret(tx, { ...row, sealed_secret: sealed, created_at: env.now(), expires_at: null });
  return secret;
}

type Change = { readonly actor: Actor; readonly id: string; readonly around: Around<Webhook> };

async function change(
  env: Env,
  { actor, id, around }: Change,
  work: (tx: Queries) => Promise<void>,
): Promise<Webhook | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    await work(tx);
    return (await findWebhook(tx, id)) ?? refuse('not_found', { reason: 'webhook' });
  });
}

type WebhookAction = `webhook.${'created' | 'secret_rotated' | 'disabled' | 'enabled' | 'replayed'}`;

async function tell(
  env: Env,
  tx: Queries,
  actor: Actor,
  action: WebhookAction,
  webhookId: string,
  deliveryId?: string,
) {
  const detail = { webhookId, ...(deliveryId !== undefined && { deliveryId }) };
  await appendEvent(env, tx, { action, actor: actorId(actor), detail }, actorClient(actor));
}
