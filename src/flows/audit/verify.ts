import type { AuditDetail } from '#core/audit/actions.ts';
import { readManifest } from '#core/audit/chain.ts';
import type { Env } from '#env.ts';
import { pause } from '#flows/runtime/transaction.ts';
import { measured } from '#signals.ts';
import {
  findFirstAuditBatch,
  type LoggedEvent,
  listAuditBatches,
  listNewestBatchSizes,
  listStrayAuditEvents,
} from '#store/audit/log.ts';
import { listAuditTail } from '#store/audit/tail.ts';
import { checkBatch, found, noteUnproven, type Walk } from './batch-check.ts';
import { type Erasure, listErasures } from './erasures.ts';
import type { AuditProblem, AuditRemark } from './problems.ts';
import { hasValidSeal, isProven } from './seals.ts';
import { mayLackProofs } from './times.ts';

export type AuditVerification = {
  readonly intact: boolean;
  /** In the sealed batches that still exist. */
  readonly events: number;
  readonly batches: number;
  /** The first batch that was checked, if not the whole log was. */
  readonly fromBatch: number | undefined;
  /** The last sealed event that was checked. */
  readonly untilEvent: string | undefined;
  /** Events that are not in a batch yet, so nothing proves them. */
  readonly unsealed: number;
  /** Events that retention removed, from the signed checkpoint. */
  readonly pruned: number;
  /** The newest head. Store it elsewhere and pass it as `--head` next time. Absent if nothing is sealed. */
  readonly head: string | undefined;
  readonly problemCount: number;
  /** Only the first ones. */
  readonly problems: readonly AuditProblem[];
  /** No faults: they match their seal but deserve a look. */
  readonly remarks: readonly AuditRemark[];
};

type VerifyEnv = Pick<Env, 'db' | 'now' | 'keys'>;

const LISTED_STRAYS = 20;
const BATCHES_PER_PAGE = 20;
const TAIL_EVENTS_PER_PAGE = 500;
const VERIFY_TRIES = 3;

/** How much of the log to check: all of it, or at most so many of its newest batches and events. */
type Extent = { readonly batches: number; readonly events: number };

/** A head stored elsewhere (every log has one) reveals that the newest batches were deleted. */
type Expected = { readonly head?: string | undefined; readonly newest?: Extent };

/**
 * Walks the chain, one batch in memory at a time, and reports everything that differs from its seal.
 *
 * A walk over the newest batches alone begins after a batch that it takes as given, so it says nothing about what was
 * before.
 */
export async function verifyAudit(env: VerifyEnv, { head, newest }: Expected = {}): Promise<AuditVerification> {
  for (let tries = VERIFY_TRIES; ; tries -= 1) {
    const before = await movingParts(env);
    const fromBatch = newest && (await firstOfNewest(env, newest, before.firstBatch));
    const verification = await walk(env, { head, fromBatch }, before.erasures);
    const after = await movingParts(env);
    // Pruning or erasing ran at the same time, and may explain what looks like a loss.
    const steady = before.firstBatch === after.firstBatch && before.erasures.length === after.erasures.length;
    if (verification.intact || steady || tries === 1) return verification;
  }
}

/** The same, and how long it took. */
export function timeVerification(env: VerifyEnv, expected: Expected) {
  return measured(() => verifyAudit(env, expected));
}

/** The event that says what was verified, and the result. The console shows it. */
export function verificationEvent(verification: AuditVerification, actor: string, milliseconds: number) {
  const { intact, batches, events, problemCount: problems, problems: listed, fromBatch, untilEvent } = verification;
  const extent: AuditDetail<'audit.verified'> = { batches, events, fromBatch, untilEvent, milliseconds };
  if (intact) return { action: 'audit.verified', actor, detail: extent } as const;
  const firstBatch = listed.flatMap((one) => ('batch' in one && one.batch !== undefined ? [one.batch] : []))[0];
  return { action: 'audit.found_broken', actor, detail: { ...extent, problems, firstBatch } } as const;
}

async function movingParts(env: VerifyEnv) {
  const first = await findFirstAuditBatch(env.db.read);
  return { firstBatch: first?.number, erasures: await listErasures(env) };
}

/** The batch at which a walk over the newest ones begins; undefined if they are the whole log. */
async function firstOfNewest(env: VerifyEnv, { batches, events }: Extent, firstBatch: number | undefined) {
  let count = 0;
  let from: number | undefined;
  for (const { number, eventCount } of await listNewestBatchSizes(env.db.read, batches)) {
    count += eventCount;
    // The newest batch is checked whatever its size.
    if (from !== undefined && count > events) break;
    from = number;
  }
  return from === undefined || from <= (firstBatch ?? 0) + 1 ? undefined : from;
}

function newWalk(env: VerifyEnv, erasures: readonly Erasure[]): Walk {
  return {
    env,
    erasures,
    problems: [],
    problemCount: 0,
    remarks: new Map(),
    begunAfter: 0,
    previous: undefined,
    older: undefined,
    sealedWith: new Map(),
    retiredKeys: new Set(),
    batches: 0,
    events: 0,
    pruned: 0,
    lastEventId: undefined,
  };
}

type Range = { readonly head: string | undefined; readonly fromBatch: number | undefined };

async function walk(env: VerifyEnv, range: Range, erasures: readonly Erasure[]): Promise<AuditVerification> {
  const { head, fromBatch } = range;
  const state = newWalk(env, erasures);
  if (fromBatch !== undefined) await beginAt(state, fromBatch);
  let headSeen = head === undefined;
  for (;;) {
    const page = await listAuditBatches(env.db.read, state.previous?.number ?? state.begunAfter, BATCHES_PER_PAGE);
    for (const batch of page) {
      await checkBatch(state, batch);
      headSeen ||= batch.head === head;
      state.previous = batch;
      // A batch takes milliseconds. Between two of them the server answers others.
      await pause();
    }
    if (page.length < BATCHES_PER_PAGE) break;
  }
  for (const event of await listStrayAuditEvents(env.db.read, fromBatch ?? 0, LISTED_STRAYS)) {
    found(state, { kind: 'event_added', batch: event.batch ?? 0, eventId: event.id });
  }
  checkRetiredKeys(state);
  const unsealed = await checkTail(state);
  if (head !== undefined && !headSeen) found(state, { kind: 'head_missing', head });
  const { batches, events, pruned, problems, problemCount, lastEventId: untilEvent } = state;
  const [intact, remarks] = [problemCount === 0, [...state.remarks.values()]];
  const counts = { events, batches, unsealed, pruned, problemCount };
  return { intact, ...counts, fromBatch, untilEvent, head: state.previous?.head, problems, remarks };
}

/** Takes the batch before as given, except for its seal. */
async function beginAt(state: Walk, fromBatch: number): Promise<void> {
  const number = fromBatch - 1;
  state.begunAfter = number;
  const [before] = await listAuditBatches(state.env.db.read, number - 1, 1);
  if (before?.number !== number) return found(state, { kind: 'batch_missing', batch: number });
  if (!hasValidSeal(state.env, before)) found(state, { kind: 'seal_wrong', batch: before.number });
  state.previous = before;
  if (before.checkpoint || !readManifest(before.manifest).checksProofs) state.older = before;
}

/** A key is retired only when no batch has its seal. A later seal was made with a key that had left the ring. */
function checkRetiredKeys(state: Walk): void {
  for (const keyId of state.retiredKeys) {
    const batch = state.sealedWith.get(keyId);
    if (batch !== undefined) found(state, { kind: 'seal_retired', batch, keyId });
  }
}

/** Looks for events without a proof among the unsealed ones. Answers the number of unsealed events. */
async function checkTail(state: Walk): Promise<number> {
  const { env, older, previous } = state;
  const mayLack = mayLackProofs(older, previous, env.now());
  let count = 0;
  for (let afterId: string | undefined = ''; afterId !== undefined; ) {
    const page: readonly LoggedEvent[] = await listAuditTail(env.db.read, { afterId, limit: TAIL_EVENTS_PER_PAGE });
    for (const event of page) if (!isProven(env, event)) noteUnproven(state, event, undefined, mayLack);
    count += page.length;
    afterId = page.at(-1)?.id;
  }
  return count;
}
