import { createHmac } from 'node:crypto';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isShort } from '#core/values/text.ts';

/** The events that a webhook can receive. */
export const WEBHOOK_EVENTS = [
  'user.mfa_enrolled',
  'user.mfa_reset',
  'partner.mfa_policy_changed',
  'sign_in.paused',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

export function isWebhookEvent(text: string): text is WebhookEventType {
  return WEBHOOK_EVENTS.some((type) => type === text);
}

const SECRET_BYTES = 32;
const PREFIX = 'whsec_';

/** A new signing secret, in the format of Standard Webhooks. */
export function newWebhookSecret(random: (bytes: number) => Buffer): string {
  return `${PREFIX}${random(SECRET_BYTES).toString('base64')}`;
}

/**
 * `webhook-signature` of Standard Webhooks: HMAC-SHA-256 over id, time and body, one for each valid secret.
 *
 * The time is signed too, so that a receiver can refuse a recorded delivery that is sent again.
 */
export function signatureHeader(
  secrets: readonly string[],
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`, 'utf8').digest('base64')}`;
    })
    .join(' ');
}

/**
 * The target of a webhook: https, a host by name, no user, no fragment. `undefined` for anything else.
 *
 * The addresses behind a name can change, so they are checked at each delivery.
 *
 * @param allowLocal also http to this machine: for development and tests
 */
export function webhookUrl(typed: string, { allowLocal }: { readonly allowLocal: boolean }): string | undefined {
  const url = isShort('address', typed) && URL.canParse(typed) ? new URL(typed) : undefined;
  if (!url || url.href.length > URL_LENGTH_MOST || url.username !== '' || url.password !== '' || url.hash !== '')
    return undefined;
  if (allowLocal && url.protocol === 'http:' && isLocalHost(url.hostname)) return url.href;
  return url.protocol === 'https:' ? url.href : undefined;
}

const URL_LENGTH_MOST = 2_000;

/** The only names of this machine that `allowLocal` permits. */
export function isLocalHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** How long a delivery is tried. A webhook that accepts none for this long is disabled. */
export const WEBHOOK_PATIENCE_SECONDS = 3 * DAY_SECONDS;
