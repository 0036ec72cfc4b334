import type { WebhookEventType } from '#core/portals/webhook.ts';
import { instant, instantOrNull } from '#core/time/day.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import type { Partner, User } from '#store/people/users.ts';
import { createDelivery, listListening } from '#store/queue/webhook-queue.ts';

/** An event with what a program needs to find the person: ids and the email, but no secret, IP address or reason. */
export type WebhookEvent =
  | { readonly type: 'user.mfa_enrolled' | 'user.mfa_reset'; readonly user: AboutUser }
  | { readonly type: 'sign_in.paused'; readonly user: AboutUser; readonly untilAt: number | undefined }
  | { readonly type: 'partner.mfa_policy_changed'; readonly partner: Policy };

type AboutUser = Pick<User, 'id' | 'email' | 'partnerId'>;
type Policy = Pick<Partner, 'id' | 'slug' | 'policy' | 'requiredFrom'>;

/** Queues an event for every webhook that listens to it, in the transaction of what it reports. */
export async function queueWebhooks(env: Env, tx: Queries, event: WebhookEvent): Promise<void> {
  const listening = (await listListening(tx)).filter(({ events }) => events.split(' ').includes(event.type));
  const now = env.now();
  const payload = JSON.stringify({ type: event.type, timestamp: instant(now), data: dataOf(event) });
  for (const { id: webhook_id } of listening) {
    const waiting = {
      created_at: now,
      next_try_at: now,
      tries: 0,
      delivered_at: null,
      dead_at: null,
      last_fault: null,
    };
    await createDelivery(tx, {
      id: env.newId(),
      webhook_id,
      type: event.type satisfies WebhookEventType,
      payload,
      ...waiting,
    });
  }
}

function dataOf(event: WebhookEvent) {
  if (event.type === 'partner.mfa_policy_changed') {
    const { id, slug, policy, requiredFrom } = event.partner;
    const mfa = { policy, requiredFrom: instantOrNull(requiredFrom) };
    return { partner: { id, slug }, mfa };
  }
  const { id, email, partnerId } = event.user;
  const user = { user: { id, email }, partner: partnerId === undefined ? null : { id: partnerId } };
  if (event.type !== 'sign_in.paused') return user;
  return { ...user, until: instantOrNull(event.untilAt) };
}
