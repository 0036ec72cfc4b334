import type { AuditEvent } from '#core/audit/actions.ts';
import {
  batchSealText,
  type CheckedEvent,
  checkpointSealText,
  eventProofText,
  headAfter,
  manifestDigest,
  manifestOf,
  type SealableEvent,
} from '#core/audit/chain.ts';
import { tallyEvents } from '#core/audit/tally.ts';
import { isImpossible } from '#core/time/clock.ts';
import type { Env } from '#env.ts';
import { appendEvent, auditProof, hasAuditProof } from '#flows/runtime/append-event.ts';
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

// One batch is one transaction, and sign-ins of that moment stand behind it: a thousand events are some 10 ms.
const BATCH_EVENTS = 1_000;
// Half the second that a row may stay unsealed, for the timer's own lateness.
const SEALING_INTERVAL_MS = 500;
const SEALING_TRIES = 3;

/** Seals the tail about twice a second until stopped; stopping seals what is left. A storage error is logged and tried again. */
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
 * Seals every event that no batch holds yet, in batches of a thousand, and answers how many.
 *
 * Any process may do it at any time: an event that commits late with a lower id joins a later batch, and of two sealers
 * at once one fails at the batch's unique number and tries again.
 */
export async function sealAuditTail(env: SealEnv): Promise<number> {
  let sealed = 0;
  // A batch that is not full has emptied the tail: what came meanwhile waits for the next time, or this never ended.
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
  // Here and nowhere else: an event is sealed once, and so counted once.
  await addEventDays(tx, tallyEvents(events));
  return batch;
}

/** What carries no proof is sealed too, marked: it must not vanish, and `verifyAudit` names it. */
function checked(env: Pick<Env, 'keys'>, event: SealableEvent & { readonly proof: string | undefined }): CheckedEvent {
  return { ...event, isProven: isProven(env, event) };
}

/** Whether an event carries the proof that the service wrote it, and nobody changed it since. */
export function isProven(
  env: Pick<Env, 'keys'>,
  event: SealableEvent & { readonly proof: string | undefined },
): boolean {
  return hasAuditProof(env, eventProofText(event), event.proof);
}

/** Whether the seal of a batch or checkpoint was made with a key of the ring. */
export function hasValidSeal(env: Pick<Env, 'keys'>, batch: AuditBatch): boolean {
  return hasAuditProof(env, sealTextOf(batch), batch.seal);
}

/** The seal of a batch or checkpoint under the active key. */
export function resealAudit(env: Pick<Env, 'keys'>, batch: AuditBatch): string {
  return auditProof(env, sealTextOf(batch));
}

function sealTextOf(batch: AuditBatch): string {
  return batch.checkpoint ? checkpointSealText(batch) : batchSealText(batch.number, batch.head);
}

type Doer = { readonly actor: string };
type KeepEnv = Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys' | 'log'>;

// Each page is a transaction: sign-ins go on between two of them.
const ERASED_PER_TRANSACTION = 1_000;

/**
 * Erases address and user agent of every sealed event before an instant and answers how many had them.
 *
 * The chain holds only their salted digest, so it stays whole. The act is an event itself, sealed before anything is
 * erased, and covers the batches up to its own: where a client is missing otherwise, `verifyAudit` says so.
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

/** Writes an event, seals it and answers the number of its batch. */
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
  /** The batch at which pruning stopped: it is not as it was sealed, and evidence is not thrown away. */
  readonly stoppedAt?: number;
};

/** Removes the sealed batches older than an instant, and leaves one signed checkpoint with the head at that point. */
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
 * By when each batch was sealed: they are sealed in the order of their numbers, so one that a wrong clock has dated ahead
 * is no younger than the next, and does not keep what is behind it.
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

/** Whether a batch is sealed and follows the one before it: nothing may rest on what was tampered with. */
export function isGenuine(env: Pick<Env, 'keys'>, previous: AuditBatch | undefined, batch: AuditBatch): boolean {
  if (previous?.checkpoint && !hasValidSeal(env, previous)) return false;
  return hasValidSeal(env, batch) && batch.head === headAfter(previous?.head ?? '', batch);
}
