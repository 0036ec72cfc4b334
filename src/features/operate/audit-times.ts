import type { AuditBatch, LoggedEvent } from '#store/audit/log.ts';
import type { AuditRemark } from './audit-problems.ts';

export type Remarks = Map<AuditRemark['kind'], AuditRemark>;

// Batches are sealed every second, a transaction ends within seconds, and nodes whose clocks differ by more than 30
// seconds take no codes. What is older waited for its sealing while no server ran, or was dated by a wrong clock.
const MUCH_OLDER_SECONDS = 10 * 60;
// Two nodes that keep time differ by less, and so does a clock that is corrected in small steps.
const CLOCK_STEP_SECONDS = 60;
// Nodes of two versions run side by side for minutes.
const REPLACEMENT_SECONDS = 60 * 60;

/** Adds one more of its kind to the remarks: the first place and the largest span stay. */
export function remark(remarks: Remarks, { count: more, ...first }: AuditRemark): void {
  const known = remarks.get(first.kind);
  const count = (known?.count ?? 0) + more;
  const seconds = Math.max(known?.seconds ?? 0, first.seconds ?? 0);
  remarks.set(first.kind, { ...(known ?? first), count, ...(seconds > 0 && { seconds }) });
}

/**
 * Says where the time of an event does not fit that of its batch.
 *
 * No fault by itself: the service proves that it wrote the event, not that its clock was right. What somebody else dates
 * has no proof.
 */
export function lookAtTimes(remarks: Remarks, { id, at }: LoggedEvent, { number, sealedAt }: AuditBatch): void {
  const where = { count: 1, batch: number, eventId: id };
  if (at < sealedAt - MUCH_OLDER_SECONDS) remark(remarks, { kind: 'sealed_late', ...where, seconds: sealedAt - at });
  if (at > sealedAt + CLOCK_STEP_SECONDS) remark(remarks, { kind: 'dated_ahead', ...where, seconds: at - sealedAt });
}

/** Says where a batch is dated before the one that it follows. */
export function lookForClockBack(remarks: Remarks, previous: AuditBatch | undefined, batch: AuditBatch): void {
  const seconds = previous === undefined ? 0 : previous.sealedAt - batch.sealedAt;
  if (seconds > CLOCK_STEP_SECONDS) remark(remarks, { kind: 'clock_back', count: 1, batch: batch.number, seconds });
}

/**
 * Whether events sealed then may lack their proof: a version without proofs wrote them just before, or ran beside this one.
 *
 * @param older the newest batch of such a version, or the checkpoint that stands for what was pruned
 * @param previous the batch before
 */
export function mayLackProofs(
  older: AuditBatch | undefined,
  previous: AuditBatch | undefined,
  sealedAt: number,
): boolean {
  if (older === undefined) return false;
  // Its tail may have waited for long: of a killed server, or in a backup.
  return older.number === previous?.number || sealedAt <= older.sealedAt + REPLACEMENT_SECONDS;
}
