import {
  clientDigest,
  eventDigest,
  headAfter,
  type ManifestEntry,
  manifestDigest,
  readManifest,
} from '#core/audit/chain.ts';
import type { Env } from '#env.ts';
import { type AuditBatch, type LoggedEvent, listEventsOfBatch } from '#store/audit/log.ts';
import { type Erasure, isErased } from './erasures.ts';
import type { AuditProblem } from './problems.ts';
import { hasValidSeal } from './seals.ts';
import { lookAtTimes, lookForClockBack, mayLackProofs, type Remarks, remark } from './times.ts';

/** A walk along the chain with one batch in memory at a time, and its findings so far. */
export type Walk = {
  readonly env: Pick<Env, 'db' | 'now' | 'keys'>;
  readonly erasures: readonly Erasure[];
  /** Only the first ones. */
  readonly problems: AuditProblem[];
  problemCount: number;
  readonly remarks: Remarks;
  /** The number of the batch before the first one to check; 0 for the whole log. */
  begunAfter: number;
  previous: AuditBatch | undefined;
  /** The newest batch of a version without proofs, or the checkpoint. */
  older: AuditBatch | undefined;
  /** The number of the first batch that each key sealed. */
  readonly sealedWith: Map<string, number>;
  /** The keys that the log records as retired. */
  readonly retiredKeys: Set<string>;
  batches: number;
  events: number;
  pruned: number;
  /** The last sealed event that was checked. */
  lastEventId: string | undefined;
};

const LISTED_PROBLEMS = 20;

export function found(state: Walk, problem: AuditProblem): void {
  state.problemCount += 1;
  if (state.problems.length < LISTED_PROBLEMS) state.problems.push(problem);
}

/** An event without a proof is a problem, unless a version without proofs may have written it. */
export function noteUnproven(state: Walk, { id }: LoggedEvent, batch: number | undefined, mayLack: boolean): void {
  if (!mayLack) found(state, { kind: 'event_unproven', ...(batch !== undefined && { batch }), eventId: id });
  else if (batch !== undefined) remark(state.remarks, { kind: 'no_proof', count: 1, batch, eventId: id });
}

/** Checks one batch against the previous one, and its events against its manifest. */
export async function checkBatch(state: Walk, batch: AuditBatch): Promise<void> {
  const { previous } = state;
  const expected = (previous?.number ?? state.begunAfter) + 1;
  const opensWithCheckpoint = previous === undefined && batch.checkpoint;
  if (!hasValidSeal(state.env, batch)) found(state, { kind: 'seal_wrong', batch: batch.number });
  noteSealingKey(state, batch);
  if (opensWithCheckpoint) {
    state.pruned = batch.eventCount;
    state.older = batch;
    return;
  }
  if (batch.number !== expected) found(state, { kind: 'batch_missing', batch: expected });
  state.batches += 1;
  const follows = batch.number !== expected || batch.head === headAfter(previous?.head ?? '', batch);
  const whole = !batch.checkpoint && batch.eventsDigest === manifestDigest(batch.manifest);
  if (follows && whole) await checkEvents(state, batch);
  else found(state, { kind: 'batch_changed', batch: batch.number });
}

function noteSealingKey(state: Walk, { seal, number }: AuditBatch): void {
  const [keyId = ''] = seal.split('.');
  if (!state.sealedWith.has(keyId)) state.sealedWith.set(keyId, number);
}

async function checkEvents(state: Walk, batch: AuditBatch): Promise<void> {
  const { checksProofs, entries: unseen } = readManifest(batch.manifest);
  if (!checksProofs) state.older = batch;
  const mayLack = mayLackProofs(state.older, state.previous, batch.sealedAt);
  lookForClockBack(state.remarks, state.previous, batch);
  for (const event of await listEventsOfBatch(state.env.db.read, batch.number)) {
    const sealed = unseen.get(event.id);
    const kind = problemOf(state, event, sealed, batch.number);
    if (kind !== undefined) found(state, { kind, batch: batch.number, eventId: event.id });
    const isTrusted = !checksProofs || sealed?.isProven === true;
    if (sealed !== undefined && !isTrusted) noteUnproven(state, event, batch.number, mayLack);
    if (kind === undefined) lookAtTimes(state.remarks, event, batch);
    if (kind === undefined && isTrusted) noteRetiredKey(state, event);
    unseen.delete(event.id);
    state.events += 1;
    state.lastEventId = event.id;
  }
  for (const eventId of unseen.keys()) found(state, { kind: 'event_deleted', batch: batch.number, eventId });
}

function problemOf(state: Walk, event: LoggedEvent, sealed: ManifestEntry | undefined, batch: number) {
  if (sealed === undefined) return 'event_added';
  if (eventDigest(event) !== sealed.digest) return 'event_changed';
  if (event.client !== undefined)
    return clientDigest(event.client) === event.clientDigest ? undefined : 'client_changed';
  return event.clientDigest === '' || isErased(state.erasures, event, batch) ? undefined : 'client_missing';
}

function noteRetiredKey(state: Walk, { action, detail }: LoggedEvent): void {
  if (action === 'keys.retired') state.retiredKeys.add(/"keyId":"([a-z0-9-]+)"/.exec(detail)?.[1] ?? '');
}
