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
  /** No faults: what is as it was sealed, and worth a look. */
  readonly remarks: readonly AuditRemark[];
};

type VerifyEnv = Pick<Env, 'db' | 'now' | 'keys'>;

const LISTED_STRAYS = 20;
const BATCHES_PER_PAGE = 20;
const TAIL_EVENTS_PER_PAGE = 500;
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
    const verification = await walk(env, expected.head, before.erasures);
    const after = await movingParts(env);
    // Pruning or erasing went on meanwhile: what looked like a loss may be theirs.
    const steady = before.firstBatch === after.firstBatch && before.erasures.length === after.erasures.length;
    if (verification.intact || steady || tries === 1) return verification;
  }
}

/** Keeps in the log itself that it was verified, and how that went: the console shows it. */
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
    ...{ env, erasures, problems: [], problemCount: 0, remarks: new Map(), previous: undefined, older: undefined },
    ...{ sealedWith: new Map(), retiredKeys: new Set(), batches: 0, events: 0, pruned: 0 },
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

/** A key is retired once no batch has its seal: one that has it now was made with a key that left the ring. */
function checkRetiredKeys(state: Walk): void {
  for (const keyId of state.retiredKeys) {
    const batch = state.sealedWith.get(keyId);
    if (batch !== undefined) found(state, { kind: 'seal_retired', batch, keyId });
  }
}

/** Looks for events without a proof among those that are not sealed yet; answers how many there are. */
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
