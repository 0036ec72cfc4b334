import { channel } from 'node:diagnostics_channel';
import { AUDIT_ACTIONS, type AuditEvent, detailText, isEmailHash } from '#core/audit.ts';
import { clientDigest, clientText } from '#core/audit-chain.ts';
import type { EmailHash } from '#core/audit-values.ts';
import type { Env } from '#env.ts';
import type { EventSignal } from '#signals.ts';
import { createAuditEvent } from '#store/audit-events.ts';
import type { Queries } from '#store/database.ts';

/** Where the act came from; absent for the command line and for timers. */
export type EventClient =
  | {
      readonly requestId: string;
      readonly address: string | undefined;
      readonly userAgent: string | undefined;
    }
  | undefined;

/** Adds one event in the transaction of its effect: both are kept or neither. */
export async function appendEvent(
  env: Pick<Env, 'now' | 'newId' | 'random'>,
  tx: Queries,
  event: AuditEvent,
  client: EventClient,
): Promise<void> {
  const origin = client && clientText(env.random(16), { ip: client.address, userAgent: client.userAgent });
  await createAuditEvent(tx, {
    id: env.newId(),
    at: env.now(),
    action: event.action,
    outcome: AUDIT_ACTIONS[event.action].outcome,
    actor: event.actor ?? null,
    subject: event.subject ?? null,
    partner: event.partner ?? null,
    request_id: client?.requestId.slice(0, 64) ?? null,
    detail: detailText(event),
    client: origin ?? null,
    client_digest: origin === undefined ? '' : clientDigest(origin),
  });
  if (EVENTS.hasSubscribers) tell(tx, event);
}

/** The `events` of `signals.ts`, which is not loaded for it: what checks a code stays short to read. */
const EVENTS = channel('sallyport:event');

function tell(tx: Queries, { action, detail }: AuditEvent): void {
  const { outcome } = AUDIT_ACTIONS[action];
  // Of a success the reason can be what a member of staff typed.
  const reason = outcome === 'refusal' && 'reason' in detail ? detail.reason : undefined;
  EVENTS.publish({ tx, action, outcome, reason } satisfies EventSignal);
}

/** The keyed hash that stands for an email which may be nobody's. */
export function emailHashOf(env: Pick<Env, 'keys'>, typed: string): EmailHash {
  const mac = env.keys.mac('email', typed);
  if (!isEmailHash(mac)) throw new Error('a keyed hash has 32 bytes');
  return mac;
}
