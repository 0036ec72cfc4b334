import { channel } from 'node:diagnostics_channel';
import { AUDIT_ACTIONS, type AuditEvent } from '#core/audit/actions.ts';
import { clientDigest, clientText, eventProofText } from '#core/audit/chain.ts';
import { detailText, isEmailHash } from '#core/audit/detail.ts';
import type { EmailHash } from '#core/audit/values.ts';
import type { Env } from '#env.ts';
import type { EventSignal } from '#signals.ts';
import { createAuditEvent } from '#store/audit/events.ts';
import type { Queries } from '#store/engine/database.ts';

/** Where the act came from; absent for the command line and for timers. */
export type EventClient =
  | {
      readonly requestId: string;
      readonly address: string | undefined;
      readonly userAgent: string | undefined;
    }
  | undefined;

/**
 * Adds one event in the transaction of its effect: both are kept or neither.
 *
 * Its proof tells it from a row that somebody else writes into the table before it is sealed.
 */
export async function appendEvent(
  env: Pick<Env, 'now' | 'newId' | 'random' | 'keys'>,
  tx: Queries,
  event: AuditEvent,
  client: EventClient,
): Promise<void> {
  const origin = client && clientText(env.random(16), { ip: client.address, userAgent: client.userAgent });
  const sealable = {
    id: env.newId(),
    at: env.now(),
    action: event.action,
    outcome: AUDIT_ACTIONS[event.action].outcome,
    actor: event.actor ?? null,
    subject: event.subject ?? null,
    partner: event.partner ?? null,
    requestId: client?.requestId.slice(0, 64) ?? null,
    detail: detailText(event),
    clientDigest: origin === undefined ? '' : clientDigest(origin),
  };
  const { requestId, clientDigest: digest, ...same } = sealable;
  await createAuditEvent(tx, {
    ...same,
    request_id: requestId,
    client: origin ?? null,
    client_digest: digest,
    proof: auditProof(env, eventProofText(sealable)),
  });
  // A number of refusals: each of them was reported when it happened.
  if (EVENTS.hasSubscribers && !('repeated' in event.detail)) tell(tx, event);
}

/** The `events` of `signals.ts`, which is not loaded for it: what checks a code stays short to read. */
const EVENTS = channel('sallyport:event');

/** Reports a refusal that is counted and has no event of its own. */
export function tellOfRefusal(event: AuditEvent): void {
  if (EVENTS.hasSubscribers) tell(undefined, event);
}

function tell(tx: Queries | undefined, { action, detail }: AuditEvent): void {
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

/** A MAC of a text of the audit log under the active key, with the id of that key: `<key id>.<mac>`. */
export function auditProof(env: Pick<Env, 'keys'>, text: string): string {
  const [active] = env.keys.macs('audit', text);
  if (active === undefined) throw new Error('the key ring is empty');
  return `${active.keyId}.${active.mac}`;
}

/** Whether a proof was made of this text, with a key of the ring. */
export function hasAuditProof(env: Pick<Env, 'keys'>, text: string, proof: string | undefined): boolean {
  const [keyId = '', mac = ''] = (proof ?? '').split('.');
  return env.keys.verifyMac('audit', text, keyId, mac);
}
