import { HOUR_SECONDS, MINUTE_SECONDS } from '#core/time/spans.ts';

export type Backoff = { readonly firstSeconds: number; readonly factor: number; readonly mostSeconds: number };

/**
 * Mail: 15 s, 1 min, 4 min, then 15 min each time.
 *
 * A link to set a password is valid for half an hour, so a person who waits for it must not wait longer between tries.
 */
export const MAIL_BACKOFF: Backoff = { firstSeconds: 15, factor: 4, mostSeconds: 15 * MINUTE_SECONDS };

/** Webhooks and sign-outs of clients: 5 s, 25 s, 2 min, 10 min, 52 min, then 4 h each time. */
export const WEBHOOK_BACKOFF: Backoff = { firstSeconds: 5, factor: 5, mostSeconds: 4 * HOUR_SECONDS };

/** How long to wait after this many failed tries. */
export function backoffSeconds({ firstSeconds, factor, mostSeconds }: Backoff, tries: number): number {
  return Math.min(firstSeconds * factor ** Math.max(0, tries - 1), mostSeconds);
}
