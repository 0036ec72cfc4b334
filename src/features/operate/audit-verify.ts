import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { findFirstAuditBatch, type LoggedEvent, listAuditBatches, listStrayAuditEvents } from '#store/audit/log.ts';
import { listAuditTail } from '#store/audit/tail.ts';
import { isProven } from './audit.ts';
import { checkBatch, found, noteUnproven, type Walk } from './audit-batch-check.ts';
import { type Erasure, listErasures } from './audit-erasures.ts';
import type { AuditProblem, AuditRemark } from './audit-problems.ts';
import { mayLackProofs } from './audit-times.ts';

export type AuditVerification = {
  readonly intact: boolean;
  /** In the sealed batches that still exist. */
  readonly events: number;
  readonly batches: number;
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

/**
 * Walks the whole chain, one batch in memory at a time, and reports everything that differs from its seal.
 *
 * @param expected.head a head stored elsewhere (every log has one). It reveals that the newest batches were deleted.
 */
export async function verifyAudit(
  env: VerifyEnv,
  expected: { head?: string | undefined } = {},
): Promise<AuditVerification> {
  for (let tries = VERIFY_TRIES; ; tries -= 1) {
    const before = await movingParts(env);
    const verification = await walk(env, expected.head, before.erasures);
    const after = await movingParts(env);
    // Pruning or erasing ran at the same time, and may explain what looks like a loss.
    const steady = before.firstBatch === after.firstBatch && before.erasures.length === after.erasures.length;
    if (verification.intact || steady || tries === 1) return verification;
  }
}

/** Writes into the log that it was verified, and the result. The console shows it. */
export async function noteVerification(
  env: Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>,
  { intact, batches, events, problemCount }: AuditVerification,
): Promise<void> {
  const event = intact
    ? ({ action: 'audit.verified', actor: 'command_line', detail: { batches, events } } as const)
    : ({ action: 'audit.found_broken', actor: 'command_line', detail: { batches, problems: problemCount } } as const);
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
}

async function movingParts(env: VerifyEnv) {
  const first = await findFirstAuditBatch(env.db.read);
  return { firstBatch: first?.number, erasures: await listErasures(env) };
}

async function walk(
  env: VerifyEnv,
  head: string | undefined,
  erasures: readonly Erasure[],
): Promise<AuditVerification> {
  const state: Walk = {
    env,
    erasures,
    problems: [],
    problemCount: 0,
    remarks: new Map(),
    previous: undefined,
    older: undefined,
    sealedWith: new Map(),
    retiredKeys: new Set(),
    batches: 0,
    events: 0,
    pruned: 0,
  };
  let headSeen = head === undefined;
  for (;;) {
    const page = await listAuditBatches(env.db.read, state.previous?.number, BATCHES_PER_PAGE);
    for (const batch of page) {
      await checkBatch(state, batch);
      headSeen ||= batch.head === head;
      state.previous = batch;
    }
    if (page.length < BATCHES_PER_PAGE) break;
  }
  for (const event of await listStrayAuditEvents(env.db.read, LISTED_STRAYS)) {
    found(state, { kind: 'event_added', batch: event.batch ?? 0, eventId: event.id });
  }
  checkRetiredKeys(state);
  const unsealed = await checkTail(state);
  if (head !== undefined && !headSeen) found(state, { kind: 'head_missing', head });
  const { batches, events, pruned, problems, problemCount } = state;
  const [intact, remarks] = [problemCount === 0, [...state.remarks.values()]];
  return { intact, events, batches, unsealed, pruned, head: state.previous?.head, problemCount, problems, remarks };
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
