import { batchSealText, checkpointSealText, headAfter, manifestDigest, manifestOf } from '#core/audit-chain.ts';
import { tallyEvents } from '#core/event-tally.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { addEventDays } from '#store/adoption.ts';
import {
  type AuditBatch,
  claimAuditTail,
  createAuditBatch,
  deleteAuditBatches,
  eraseAuditClients,
  findFirstAuditBatch,
  findLastAuditBatch,
  hasAuditTail,
  listAuditBatches,
  listErasableEvents,
} from '#store/audit-log.ts';
import type { Queries } from '#store/database.ts';

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
  const manifest = manifestOf(events);
  const facts = { number, sealedAt: env.now(), eventCount: events.length, eventsDigest: manifestDigest(manifest) };
  const head = headAfter(last?.head ?? '', facts);
  const batch = { ...facts, manifest, head, seal: seal(env, batchSealText(number, head)), checkpoint: false };
  await createAuditBatch(tx, batch);
  // Here and nowhere else: an event is sealed once, and so counted once.
  await addEventDays(tx, tallyEvents(events));
  return batch;
}

function seal(env: Pick<Env, 'keys'>, text: string): string {
  const [active] = env.keys.macs('audit', text);
  if (active === undefined) throw new Error('the key ring is empty');
  return `${active.keyId}.${active.mac}`;
}

/** Whether the seal of a batch or checkpoint was made with a key of the ring. */
export function hasValidSeal(env: Pick<Env, 'keys'>, batch: AuditBatch): boolean {
  const [keyId = '', mac = ''] = batch.seal.split('.');
  return env.keys.verifyMac('audit', sealTextOf(batch), keyId, mac);
}

/** The seal of a batch or checkpoint under the active key. */
export function sealAnew(env: Pick<Env, 'keys'>, batch: AuditBatch): string {
  return seal(env, sealTextOf(batch));
}

function sealTextOf(batch: AuditBatch): string {
  return batch.checkpoint ? checkpointSealText(batch) : batchSealText(batch.number, batch.head);
}

type Doer = { readonly actor: string };
type KeepEnv = Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>;

// Each page is a transaction: sign-ins go on between two of them.
const ERASED_PER_TRANSACTION = 1_000;

/**
 * Erases address and user agent of every event before an instant and answers how many had them.
 *
 * The chain holds only their salted digest, so it stays whole. The act is an event itself, written first: where a
 * client is missing without one, `verifyAudit` says so.
 */
export async function eraseClients(env: KeepEnv, { before, actor }: { before: number } & Doer): Promise<number> {
  const event = { action: 'audit.erased', actor, detail: { before } } as const;
  await env.db.transaction((tx) => appendEvent(env, tx, event, undefined));
  let erased = 0;
  let ids = await listErasableEvents(env.db.read, { afterId: '', before, limit: ERASED_PER_TRANSACTION });
  for (let lastId = ids.at(-1); lastId !== undefined; lastId = ids.at(-1)) {
    const page = ids;
    await env.db.transaction((tx) => eraseAuditClients(tx, page));
    erased += page.length;
    ids = await listErasableEvents(env.db.read, { afterId: lastId, before, limit: ERASED_PER_TRANSACTION });
  }
  return erased;
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
  const youngest = next.findIndex((batch) => batch.sealedAt >= before);
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
  await createAuditBatch(tx, { ...facts, manifest: '', seal: seal(env, text), checkpoint: true });
  return { events };
}

/** Whether a batch is sealed and follows the one before it: a checkpoint must not stand for what was tampered with. */
function isGenuine(env: KeepEnv, previous: AuditBatch | undefined, batch: AuditBatch): boolean {
  if (previous?.checkpoint && !hasValidSeal(env, previous)) return false;
  return hasValidSeal(env, batch) && batch.head === headAfter(previous?.head ?? '', batch);
}
