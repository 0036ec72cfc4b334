import { clientDigest, eventDigest, headAfter, manifestDigest, readManifest } from '#core/audit-chain.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import {
  type AuditBatch,
  countAuditTail,
  findFirstAuditBatch,
  type LoggedEvent,
  listAuditBatches,
  listAuditDetails,
  listEventsOfBatch,
  listStrayAuditEvents,
} from '#store/audit-log.ts';
import { hasValidSeal } from './audit.ts';

/** One thing that is not as it was sealed. */
export type AuditProblem =
  | {
      readonly kind: 'event_changed' | 'event_deleted' | 'event_added' | 'client_changed' | 'client_missing';
      readonly batch: number;
      readonly eventId: string;
    }
  | { readonly kind: 'batch_missing' | 'batch_changed' | 'seal_wrong'; readonly batch: number }
  | { readonly kind: 'head_missing'; readonly head: string };

export type AuditVerification = {
  readonly intact: boolean;
  /** Of the sealed batches that are here. */
  readonly events: number;
  readonly batches: number;
  /** Events that no batch holds yet: nothing proves them. */
  readonly unsealed: number;
  /** Events that retention has removed, as the signed checkpoint says. */
  readonly pruned: number;
  /** The newest head: keep it elsewhere, and give it as `--head` next time. Absent while nothing is sealed. */
  readonly head: string | undefined;
  readonly problemCount: number;
  /** The first of them. */
  readonly problems: readonly AuditProblem[];
};

type VerifyEnv = Pick<Env, 'db' | 'keys'>;

const LISTED_PROBLEMS = 20;
const BATCHES_PER_PAGE = 20;
const VERIFY_TRIES = 3;

/**
 * Walks the whole chain, one batch in memory at a time, and says what is not as it was sealed.
 *
 * @param expected.head a head kept elsewhere (the log has every one): finds that the newest batches were deleted
 */
export async function verifyAudit(
  env: VerifyEnv,
  expected: { head?: string | undefined } = {},
): Promise<AuditVerification> {
  for (let tries = VERIFY_TRIES; ; tries -= 1) {
    const before = await movingParts(env);
    const verification = await walk(env, expected.head, before.erasedBefore);
    const after = await movingParts(env);
    // Pruning or erasing went on meanwhile: what looked like a loss may be theirs.
    const steady = before.firstBatch === after.firstBatch && before.erasedBefore === after.erasedBefore;
    if (verification.intact || steady || tries === 1) return verification;
  }
}

/** Keeps in the log itself that it was verified, and how that went: the console shows it. */
export async function noteVerification(
  env: Pick<Env, 'db' | 'now' | 'newId' | 'random'>,
  { intact, batches, events, problemCount }: AuditVerification,
): Promise<void> {
  const event = intact
    ? ({ action: 'audit.verified', actor: 'command_line', detail: { batches, events } } as const)
    : ({ action: 'audit.found_broken', actor: 'command_line', detail: { batches, problems: problemCount } } as const);
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
}

async function movingParts(env: VerifyEnv) {
  const first = await findFirstAuditBatch(env.db.read);
  const erasures = await listAuditDetails(env.db.read, 'audit.erased');
  return { firstBatch: first?.number, erasedBefore: Math.max(0, ...erasures.map(beforeIn)) };
}

function beforeIn(detail: string): number {
  return Number(/"before":(\d+)/.exec(detail)?.[1] ?? 0);
}

type Walk = {
  readonly env: VerifyEnv;
  readonly erasedBefore: number;
  readonly problems: AuditProblem[];
  problemCount: number;
  previous: AuditBatch | undefined;
  batches: number;
  events: number;
  pruned: number;
  headSeen: boolean;
};

async function walk(env: VerifyEnv, head: string | undefined, erasedBefore: number): Promise<AuditVerification> {
  const state: Walk = {
    ...{ env, erasedBefore, problems: [], problemCount: 0, previous: undefined },
    ...{ batches: 0, events: 0, pruned: 0, headSeen: head === undefined },
  };
  for (;;) {
    const page = await listAuditBatches(env.db.read, state.previous?.number, BATCHES_PER_PAGE);
    for (const batch of page) {
      await checkBatch(state, batch);
      state.headSeen ||= batch.head === head;
      state.previous = batch;
    }
    if (page.length < BATCHES_PER_PAGE) break;
  }
  for (const event of await listStrayAuditEvents(env.db.read, LISTED_PROBLEMS)) {
    found(state, { kind: 'event_added', batch: event.batch ?? 0, eventId: event.id });
  }
  if (head !== undefined && !state.headSeen) found(state, { kind: 'head_missing', head });
  const { batches, events, pruned, problems, problemCount } = state;
  const unsealed = await countAuditTail(env.db.read);
  const intact = problemCount === 0;
  return { intact, events, batches, unsealed, pruned, head: state.previous?.head, problemCount, problems };
}

function found(state: Walk, problem: AuditProblem): void {
  state.problemCount += 1;
  if (state.problems.length < LISTED_PROBLEMS) state.problems.push(problem);
}

async function checkBatch(state: Walk, batch: AuditBatch): Promise<void> {
  const { previous } = state;
  const expected = (previous?.number ?? 0) + 1;
  const opensWithCheckpoint = previous === undefined && batch.checkpoint;
  if (!hasValidSeal(state.env, batch)) found(state, { kind: 'seal_wrong', batch: batch.number });
  if (opensWithCheckpoint) {
    state.pruned = batch.eventCount;
    return;
  }
  if (batch.number !== expected) found(state, { kind: 'batch_missing', batch: expected });
  state.batches += 1;
  const follows = batch.number !== expected || batch.head === headAfter(previous?.head ?? '', batch);
  const whole = !batch.checkpoint && batch.eventsDigest === manifestDigest(batch.manifest);
  if (follows && whole) await checkEvents(state, batch);
  else found(state, { kind: 'batch_changed', batch: batch.number });
}

async function checkEvents(state: Walk, batch: AuditBatch): Promise<void> {
  const unseen = readManifest(batch.manifest);
  for (const event of await listEventsOfBatch(state.env.db.read, batch.number)) {
    const kind = problemOf(event, unseen.get(event.id), state.erasedBefore);
    if (kind !== undefined) found(state, { kind, batch: batch.number, eventId: event.id });
    unseen.delete(event.id);
    state.events += 1;
  }
  for (const eventId of unseen.keys()) found(state, { kind: 'event_deleted', batch: batch.number, eventId });
}

function problemOf(event: LoggedEvent, sealed: string | undefined, erasedBefore: number) {
  if (sealed === undefined) return 'event_added';
  if (eventDigest(event) !== sealed) return 'event_changed';
  if (event.client !== undefined)
    return clientDigest(event.client) === event.clientDigest ? undefined : 'client_changed';
  return event.clientDigest === '' || event.at < erasedBefore ? undefined : 'client_missing';
}

/** One line for the operator. */
export function problemLine(problem: AuditProblem): string {
  switch (problem.kind) {
    case 'event_changed':
      return `batch ${problem.batch}: event ${problem.eventId} was changed`;
    case 'event_deleted':
      return `batch ${problem.batch}: event ${problem.eventId} was deleted`;
    case 'event_added':
      return `batch ${problem.batch}: event ${problem.eventId} was added after sealing`;
    case 'client_changed':
      return `batch ${problem.batch}: address or user agent of event ${problem.eventId} was changed`;
    case 'client_missing':
      return `batch ${problem.batch}: address and user agent of event ${problem.eventId} are gone and no erasure says so`;
    case 'batch_missing':
      return `batch ${problem.batch} is missing`;
    case 'batch_changed':
      return `batch ${problem.batch} was changed, or does not follow the one before it`;
    case 'seal_wrong':
      return `batch ${problem.batch}: the seal was not made with a key of this key ring`;
    case 'head_missing':
      return `head ${problem.head} is nowhere in the chain: the newest batches were deleted, or it was pruned`;
  }
}
