import { AUDIT_ACTIONS, type AuditEvent } from '#core/audit/actions.ts';
import { clientDigest, clientText, eventProofText } from '#core/audit/chain.ts';
import { detailText, isEmailHash } from '#core/audit/detail.ts';
import type { EmailHash } from '#core/audit/values.ts';
import type { Env } from '#env.ts';
import { events } from '#signals.ts';
import { createAuditEvent } from '#store/audit/events.ts';
import type { Queries } from '#store/engine/database.ts';

/** Where the act came from; absent for the command line and for jobs. */
export type EventClient =
  | {
      readonly requestId: string;
      readonly address: string | undefined;
      readonly userAgent: string | undefined;
    }
  | undefined;

/**
 * Adds an event in the same transaction as its effect, so both are stored or neither.
 *
 * The proof shows that this service wrote the row: with access to the table alone, nobody can forge one.
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
  // An event with a count repeats refusals that were already signalled one by one.
  if (events.isHeard() && !('repeated' in event.detail)) tell(tx, event);
}

/** Signals a refusal that is only counted, without an event of its own. */
export function tellOfRefusal(event: AuditEvent): void {
  if (events.isHeard()) tell(undefined, event);
}

function tell(tx: Queries | undefined, { action, detail }: AuditEvent): void {
  const { outcome } = AUDIT_ACTIONS[action];
  // On success the reason can be text that staff typed, so only refusals pass it on.
  const reason = outcome === 'refusal' && 'reason' in detail ? detail.reason : undefined;
  events.tell({ tx, action, outcome, reason });
}

/** A keyed hash in place of an email, which need not belong to anybody. */
export function emailHashOf(env: Pick<Env, 'keys'>, typed: string): EmailHash {
  const mac = env.keys.mac('email', typed);
  if (!isEmailHash(mac)) throw new Error('a keyed hash has 32 bytes');
  return mac;
}

/** A MAC of a text of the audit log with the active key, as `<key id>.<mac>`. */
export function auditProof(env: Pick<Env, 'keys'>, text: string): string {
  const [active] = env.keys.macs('audit', text);
  if (active === undefined) throw new Error('the key ring is empty');
  return `${active.keyId}.${active.mac}`;
}

/** Whether a key of the ring made this proof for this text. */
export function hasAuditProof(env: Pick<Env, 'keys'>, text: string, proof: string | undefined): boolean {
  const [keyId = '', mac = ''] = (proof ?? '').split('.');
  return env.keys.verifyMac('audit', text, keyId, mac);
}
