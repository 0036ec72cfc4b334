import type { AuditBatch, LoggedEvent } from '#store/audit/log.ts';
import type { AuditRemark } from './problems.ts';

export type Remarks = Map<AuditRemark['kind'], AuditRemark>;

// Batches are sealed every second, a transaction ends within seconds, and nodes whose clocks differ by more than 30
// seconds accept no codes. An older event waited while no server ran, or a wrong clock dated it.
const MUCH_OLDER_SECONDS = 10 * 60;
// The clocks of two synchronized nodes differ by less, and so does a clock that is corrected in small steps.
const CLOCK_STEP_SECONDS = 60;
// During an update, nodes of two versions run side by side for minutes.
const REPLACEMENT_SECONDS = 60 * 60;

/** Adds one case to the remarks. The first place and the largest difference are preserved. */
export function remark(remarks: Remarks, { count: more, ...first }: AuditRemark): void {
  const known = remarks.get(first.kind);
  const count = (known?.count ?? 0) + more;
  const seconds = Math.max(known?.seconds ?? 0, first.seconds ?? 0);
  remarks.set(first.kind, { ...(known ?? first), count, ...(seconds > 0 && { seconds }) });
}

/**
 * Notes where the time of an event does not fit its batch. This alone is no fault: a proof shows that the service wrote
 * the event, not that its clock was right. An event that someone else dated has no proof.
 */
export function lookAtTimes(remarks: Remarks, { id, at }: LoggedEvent, { number, sealedAt }: AuditBatch): void {
  const where = { count: 1, batch: number, eventId: id };
  if (at < sealedAt - MUCH_OLDER_SECONDS) remark(remarks, { kind: 'sealed_late', ...where, seconds: sealedAt - at });
  if (at > sealedAt + CLOCK_STEP_SECONDS) remark(remarks, { kind: 'dated_ahead', ...where, seconds: at - sealedAt });
}

/** Notes a batch that is dated before the previous one. */
export function lookForClockBack(remarks: Remarks, previous: AuditBatch | undefined, batch: AuditBatch): void {
  const seconds = previous === undefined ? 0 : previous.sealedAt - batch.sealedAt;
  if (seconds > CLOCK_STEP_SECONDS) remark(remarks, { kind: 'clock_back', count: 1, batch: batch.number, seconds });
}

/**
 * Whether events sealed at this time may lack a proof: a version without proofs wrote them just before, or ran beside
 * this one.
 *
 * @param older the newest batch of such a version, or the checkpoint that replaces pruned batches
 * @param previous the batch before
 */
export function mayLackProofs(
  older: AuditBatch | undefined,
  previous: AuditBatch | undefined,
  sealedAt: number,
): boolean {
  if (older === undefined) return false;
  // The unsealed tail of a killed server, or of a backup, may have waited for long.
  return older.number === previous?.number || sealedAt <= older.sealedAt + REPLACEMENT_SECONDS;
}
