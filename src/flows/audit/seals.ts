import { batchSealText, checkpointSealText, eventProofText, headAfter, type SealableEvent } from '#core/audit/chain.ts';
import type { Env } from '#env.ts';
import { auditProof, hasAuditProof } from '#flows/runtime/append-event.ts';
import type { AuditBatch } from '#store/audit/log.ts';

/** Whether the service wrote this event and nobody changed it since. */
export function isProven(
  env: Pick<Env, 'keys'>,
  event: SealableEvent & { readonly proof: string | undefined },
): boolean {
  return hasAuditProof(env, eventProofText(event), event.proof);
}

/** Whether a key of the ring made the seal of this batch or checkpoint. */
export function hasValidSeal(env: Pick<Env, 'keys'>, batch: AuditBatch): boolean {
  return hasAuditProof(env, sealTextOf(batch), batch.seal);
}

/** The seal of a batch or checkpoint with the active key. */
export function resealAudit(env: Pick<Env, 'keys'>, batch: AuditBatch): string {
  return auditProof(env, sealTextOf(batch));
}

function sealTextOf(batch: AuditBatch): string {
  return batch.checkpoint ? checkpointSealText(batch) : batchSealText(batch.number, batch.head);
}

/** Whether a batch is sealed and follows the previous one. Nothing may build on a manipulated batch. */
export function isGenuine(env: Pick<Env, 'keys'>, previous: AuditBatch | undefined, batch: AuditBatch): boolean {
  if (previous?.checkpoint && !hasValidSeal(env, previous)) return false;
  return hasValidSeal(env, batch) && batch.head === headAfter(previous?.head ?? '', batch);
}
