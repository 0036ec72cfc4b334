import type { AuditEvent } from '#core/audit/actions.ts';
import {
  batchSealText,
  type CheckedEvent,
  checkpointSealText,
  headAfter,
  manifestDigest,
  manifestOf,
  type SealableEvent,
} from '#core/audit/chain.ts';
import { tallyEvents } from '#core/audit/tally.ts';
import { isImpossible } from '#core/time/clock.ts';
import type { Env } from '#env.ts';
import { isGenuine, isProven } from '#flows/audit/seals.ts';
import { type AuditVerification, verificationEvent } from '#flows/audit/verify.ts';
import { appendEvent, auditProof } from '#flows/runtime/append-event.ts';
import {
  type AuditBatch,
  createAuditBatch,
  deleteAuditBatches,
  eraseAuditClients,
  findBatchNumber,
  findFirstAuditBatch,
  findLastAuditBatch,
  findNextSealedAt,
  listAuditBatches,
  listErasableEvents,
} from '#store/audit/log.ts';
import { claimAuditTail, hasAuditTail } from '#store/audit/tail.ts';
import type { Queries } from '#store/engine/database.ts';
import { addEventDays } from '#store/partners/adoption.ts';

type SealEnv = Pick<Env, 'db' | 'now' | 'keys' | 'log'>;

// One batch is one transaction, and sign-ins wait for it. A thousand events take some 10 ms.
const BATCH_EVENTS = 1_000;
// Half of the second that a row may stay unsealed, because timers can be late.
const SEALING_INTERVAL_MS = 500;
const SEALING_TRIES = 3;

/**
 * Seals the tail about twice a second until stopped; stopping seals the rest. Storage errors are logged and retried.
 */
export function startSealing(env: SealEnv): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sealOrLog(env).finally(() => {
      running = undefined;
    });
  }, SEALING_INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await sealOrLog(env);
    },
  };
}

async function sealOrLog(env: SealEnv): Promise<void> {
  try {
    await sealAuditTail(env);
  } catch (error) {
    env.log.error({ err: error }, 'audit events could not be sealed; trying again');
  }
}

/**
 * Seals every unsealed event in batches of a thousand and answers how many. Any process may do it at any time: an event
 * that commits late with a lower id joins a later batch, and if two processes seal at once, one fails at the unique
 * batch number and retries.
 */
export async function sealAuditTail(env: SealEnv): Promise<number> {
  let sealed = 0;
  // A batch that is not full has emptied the tail. Later events wait for the next run, or the loop would never end.
  for (let size = BATCH_EVENTS; size === BATCH_EVENTS && (await hasAuditTail(env.db.read)); ) {
    const batch = await sealBatch(env, SEALING_TRIES);
    size = batch?.eventCount ?? 0;
    sealed += size;
    if (batch !== undefined) env.log.info({ head: batch.head, batch: batch.number, events: size }, 'audit head');
  }
  return sealed;
}

async function sealBatch(env: SealEnv, tries: number): Promise<AuditBatch | undefined> {
  const before = await findLastAuditBatch(env.db.read);
  try {
    return await env.db.transaction((tx) => appendBatch(env, tx));
  } catch (error) {
    const after = await findLastAuditBatch(env.db.read);
    if (tries === 1 || after?.number === before?.number) throw error;
    return sealBatch(env, tries - 1);
  }
}

async function appendBatch(env: SealEnv, tx: Queries): Promise<AuditBatch | undefined> {
  const last = await findLastAuditBatch(tx);
  const number = (last?.number ?? 0) + 1;
  const events = await claimAuditTail(tx, number, BATCH_EVENTS);
  if (events.length === 0) return undefined;
  const manifest = manifestOf(events.map((event) => checked(env, event)));
  const facts = { number, sealedAt: env.now(), eventCount: events.length, eventsDigest: manifestDigest(manifest) };
  const head = headAfter(last?.head ?? '', facts);
  const batch = { ...facts, manifest, head, seal: auditProof(env, batchSealText(number, head)), checkpoint: false };
  await createAuditBatch(tx, batch);
  // Counted only here, because each event is sealed once.
  await addEventDays(tx, tallyEvents(events));
  return batch;
}

/** Events without a valid proof are sealed too, marked: they must not disappear, and `verifyAudit` reports them. */
function checked(env: Pick<Env, 'keys'>, event: SealableEvent & { readonly proof: string | undefined }): CheckedEvent {
  return { ...event, isProven: isProven(env, event) };
}

type Doer = { readonly actor: string };
type KeepEnv = Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys' | 'log'>;

// Each page is one transaction, so that sign-ins can run in between.
const ERASED_PER_TRANSACTION = 1_000;

/**
 * Erases address and user agent of every sealed event before an instant, and answers the number of changed events. The
 * chain holds only their salted digest, so it stays valid. The erasure itself is an event, sealed first, and covers the
 * batches up to its own. `verifyAudit` reports any other missing client.
 *
 * @param before not later than now
 */
export async function eraseClients(env: KeepEnv, { before, actor }: { before: number } & Doer): Promise<number> {
  const lastBatch = await sealErasure(env, { action: 'audit.erased', actor, detail: { before } });
  const page = { before, lastBatch, limit: ERASED_PER_TRANSACTION };
  let erased = 0;
  let ids = await listErasableEvents(env.db.read, { ...page, afterId: '' });
  for (let lastId = ids.at(-1); lastId !== undefined; lastId = ids.at(-1)) {
    const found = ids;
    await env.db.transaction((tx) => eraseAuditClients(tx, found));
    erased += found.length;
    ids = await listErasableEvents(env.db.read, { ...page, afterId: lastId });
  }
  return erased;
}

/** Writes an event, seals it, and answers its batch number. */
async function sealErasure(env: KeepEnv, event: AuditEvent): Promise<number> {
  const id = env.newId();
  await env.db.transaction((tx) => appendEvent({ ...env, newId: () => id }, tx, event, undefined));
  await sealAuditTail(env);
  const number = await findBatchNumber(env.db.read, id);
  if (number === undefined) throw new Error('the erasure could not be sealed, so nothing was erased: try again');
  return number;
}

const PRUNED_BATCHES_PER_TRANSACTION = 10;

export type Pruning = {
  readonly events: number;
  /** Pruning stopped at this batch, because it does not match its seal. Evidence must not be deleted. */
  readonly stoppedAt?: number;
};

/** Removes the sealed batches before an instant, and leaves one signed checkpoint with the head at that point. */
export async function pruneAudit(env: KeepEnv, { before, actor }: { before: number } & Doer): Promise<Pruning> {
  let events = 0;
  for (;;) {
    const step = await env.db.transaction((tx) => pruneSomeBatches(env, tx, before));
    events += step.events;
    if (step.stoppedAt !== undefined) return { events, stoppedAt: step.stoppedAt };
    if (step.events === 0) break;
  }
  const event = { action: 'audit.pruned', actor, detail: { before } } as const;
  if (events > 0) await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
  return { events };
}

async function pruneSomeBatches(env: KeepEnv, tx: Queries, before: number): Promise<Pruning> {
  const first = await findFirstAuditBatch(tx);
  const oldCheckpoint = first?.checkpoint ? first : undefined;
  const next = await listAuditBatches(tx, oldCheckpoint?.number, PRUNED_BATCHES_PER_TRANSACTION);
  const sealedBy = await sealedByOf(env, tx, next);
  const youngest = sealedBy.findIndex((at) => at >= before);
  const old = youngest === -1 ? next : next.slice(0, youngest);
  const last = old.at(-1);
  if (last === undefined) return { events: 0 };
  const broken = old.find((batch, i) => !isGenuine(env, i === 0 ? oldCheckpoint : old[i - 1], batch));
  if (broken !== undefined) return { events: 0, stoppedAt: broken.number };
  const events = old.reduce((sum, batch) => sum + batch.eventCount, 0);
  await deleteAuditBatches(tx, last.number);
  const facts = {
    number: last.number,
    sealedAt: last.sealedAt,
    eventCount: (oldCheckpoint?.eventCount ?? 0) + events,
    eventsDigest: '',
    head: last.head,
  };
  const text = checkpointSealText(facts);
  await createAuditBatch(tx, { ...facts, manifest: '', seal: auditProof(env, text), checkpoint: true });
  return { events };
}

/**
 * The latest possible sealing time of each batch. Batches are sealed in order, so a batch that a wrong clock dated
 * ahead is not younger than the next one, and does not block the pruning of later batches.
 */
async function sealedByOf({ now }: KeepEnv, tx: Queries, batches: readonly AuditBatch[]): Promise<readonly number[]> {
  const last = batches.at(-1);
  const isAhead = last !== undefined && isImpossible(last.sealedAt, now());
  let bound = isAhead ? await findNextSealedAt(tx, last.number, now()) : Number.POSITIVE_INFINITY;
  return batches
    .toReversed()
    .map(({ sealedAt }) => {
      bound = Math.min(bound, sealedAt);
      return bound;
    })
    .toReversed();
}

/** Writes that event for the command line. */
export async function noteVerification(
  env: Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>,
  verification: AuditVerification,
  milliseconds: number,
): Promise<void> {
  const event = verificationEvent(verification, 'command_line', milliseconds);
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
}
