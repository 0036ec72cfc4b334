import { counted } from '#core/values/text.ts';

/** One item that differs from its seal, or that has no valid proof. */
export type AuditProblem =
  | {
      readonly kind:
        | 'event_changed'
        | 'event_deleted'
        | 'event_added'
        | 'event_unproven'
        | 'client_changed'
        | 'client_missing';
      /** Absent if the event is not in a batch yet. */
      readonly batch?: number;
      readonly eventId: string;
    }
  | { readonly kind: 'batch_missing' | 'batch_changed' | 'seal_wrong'; readonly batch: number }
  | { readonly kind: 'seal_retired'; readonly batch: number; readonly keyId: string }
  | { readonly kind: 'head_missing'; readonly head: string };

/** Something that matches its seal but deserves a look: inconsistent times, and events from before proofs existed. */
export type AuditRemark = {
  readonly kind: 'sealed_late' | 'dated_ahead' | 'clock_back' | 'no_proof';
  /** How many times. */
  readonly count: number;
  /** The first place. */
  readonly batch: number;
  readonly eventId?: string;
  /** The largest difference. */
  readonly seconds?: number;
};

/** One line for the operator. */
export function problemLine(problem: AuditProblem): string {
  switch (problem.kind) {
    case 'event_changed':
      return `${placeOf(problem)} was changed`;
    case 'event_deleted':
      return `${placeOf(problem)} was deleted`;
    case 'event_added':
      return `${placeOf(problem)} was added after sealing`;
    case 'event_unproven':
      return `${placeOf(problem)} carries no proof that the service wrote it: somebody wrote it into the database, or changed it before it was sealed`;
    case 'client_changed':
      return `${placeOf(problem)}: its address or user agent was changed`;
    case 'client_missing':
      return `${placeOf(problem)}: its address and user agent are gone and no erasure says so`;
    case 'batch_missing':
      return `batch ${problem.batch} is missing`;
    case 'batch_changed':
      return `batch ${problem.batch} was changed, or does not follow the one before it`;
    case 'seal_wrong':
      return `batch ${problem.batch}: the seal was not made with a key of this key ring`;
    case 'seal_retired':
      return `batch ${problem.batch}: the seal was made with the key ${problem.keyId}, which the log itself says is retired`;
    case 'head_missing':
      return `head ${problem.head} is nowhere in the chain: the newest batches were deleted, or it was pruned`;
  }
}

function placeOf({ batch, eventId }: { readonly batch?: number; readonly eventId: string }): string {
  return batch === undefined ? `event ${eventId}, not sealed yet,` : `batch ${batch}: event ${eventId}`;
}

/** One line for the operator. It states the fact without a judgment. */
export function remarkLine({ kind, count, batch, eventId, seconds = 0 }: AuditRemark): string {
  const first = `the first in batch ${batch}${eventId === undefined ? '' : `: event ${eventId}`}`;
  switch (kind) {
    case 'sealed_late':
      return `Sealed long after their time: ${counted(count, 'event')}, by ${counted(seconds, 'second')} at most (${first}). The service was down, or a clock was wrong.`;
    case 'dated_ahead':
      return `Dated after their sealing: ${counted(count, 'event')}, by ${counted(seconds, 'second')} at most (${first}). A clock was ahead.`;
    case 'clock_back':
      return `The clock went back between batches: ${counted(count, 'time')}, by ${counted(seconds, 'second')} at most (${first}).`;
    case 'no_proof':
      return `Written by a version that gave events no proof, while it was replaced: ${counted(count, 'event')} (${first}).`;
  }
}
