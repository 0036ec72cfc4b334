import { staffReason } from '#core/audit/detail.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { copyDoneItems, countBulkItems, createBulkItems, type NewBulkItem } from '#store/bulk/items.ts';
import {
  type BulkJob,
  createBulkJob,
  findBulkJob,
  findUndoOf,
  lockBulkJob,
  moveBulkJob,
  type NewBulkJob,
} from '#store/bulk/jobs.ts';
import type { Queries } from '#store/engine/database.ts';

/** One part is one statement of some milliseconds. */
const ITEMS_PER_TRANSACTION = 100;

type Draft = Pick<NewBulkJob, 'kind' | 'settings' | 'parent_id'> & {
  /** The state after the last item; else `checked`. */
  readonly then?: 'draft' | 'checking';
};

/** A draft with all its items. */
export type Prepared = { readonly id: string; readonly total: number };

/**
 * Writes down what a job would do, part by part. Nothing happens before `startBulk`; a draft that nobody starts is
 * deleted after a day.
 *
 * @param around runs around the last transaction, which makes the draft visible
 */
export async function prepareBulk(
  env: Env,
  actor: Actor,
  { then, ...draft }: Draft,
  items: AsyncIterable<NewBulkItem> | Iterable<NewBulkItem>,
  around: Around<Prepared> = plainly,
): Promise<Prepared | Refusal> {
  const id = env.newId();
  const job = { ...draft, id, maker: actorId(actor), created_at: env.now() };
  const act = <T>(work: (tx: Queries) => Promise<T | Refusal>) => actingTransaction<T>(env, actor, plainly, work);
  await act((tx) => createBulkJob(tx, job));
  let part: NewBulkItem[] = [];
  let total = 0;
  const write = async () => {
    const written = part;
    part = [];
    await act((tx) => createBulkItems(tx, id, written));
  };
  for await (const item of items) {
    total += 1;
    if (part.push(item) === ITEMS_PER_TRANSACTION) await write();
  }
  await write();
  return actingTransaction(env, actor, around, async (tx) => {
    await moveBulkJob(tx, id, 'draft', { total, state: then ?? 'checked' });
    return { id, total };
  });
}

/** Starts a prepared job. From now on it acts for this actor, item by item, with the right they have at that moment. */
export async function startBulk(
  env: Env,
  actor: Actor,
  { id, reason: typed, settings }: { readonly id: string; readonly reason: string; readonly settings?: string },
  around: Around<BulkJob> = plainly,
): Promise<BulkJob | Refusal> {
  const reason = staffReason(typed);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return actingTransaction(env, actor, around, async (tx) => {
    const found = await findBulkJob(tx, id);
    if (!found) return refuse('not_found', { reason: 'bulk_job' });
    // Two people may press Undo at once: the second finds the first one's job.
    if (found.parent_id !== null) await lockBulkJob(tx, found.parent_id);
    if (found.parent_id !== null && blocksUndo(await findUndoOf(tx, found.parent_id))) {
      return refuse('forbidden', { reason: 'bulk_undone' });
    }
    const change = {
      ...{ state: 'running' as const, maker: actorId(actor), reason, started_at: env.now() },
      ...(settings !== undefined && { settings }),
    };
    if (!(await moveBulkJob(tx, id, 'checked', change))) return refuse('forbidden', { reason: 'bulk_started' });
    const detail = { bulkId: id, kind: found.kind, items: found.total, reason, undoes: found.parent_id ?? undefined };
    await appendEvent(env, tx, { action: 'bulk.started', actor: actorId(actor), detail }, actorClient(actor));
    return { ...found, ...change };
  });
}

const UNDOABLE: readonly BulkJob['kind'][] = ['policy', 'date', 'reminders', 'undo'];

/** An undo that was stopped leaves the rest to another one. */
function blocksUndo(undo: BulkJob | undefined): boolean {
  return undo !== undefined && undo.state !== 'stopped';
}

/** Whether a job can be put back: it has ended, and no undo of it runs or has finished. */
export function checkUndo(job: BulkJob, undo: BulkJob | undefined): Refusal | undefined {
  if (blocksUndo(undo)) return refuse('forbidden', { reason: 'bulk_undone' });
  const isOver = job.state === 'finished' || job.state === 'stopped';
  return isOver && UNDOABLE.includes(job.kind) ? undefined : refuse('forbidden', { reason: 'bulk_not_over' });
}

/** Puts back what a job has changed, where nobody has changed it since: as a job of its own. */
export async function undoBulk(
  env: Env,
  actor: Actor,
  { id, reason }: { readonly id: string; readonly reason: string },
  around: Around<BulkJob> = plainly,
): Promise<BulkJob | Refusal> {
  if (staffReason(reason) === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  const job = await findBulkJob(env.db.read, id);
  if (!job) return refuse('not_found', { reason: 'bulk_job' });
  const refused = checkUndo(job, await findUndoOf(env.db.read, id));
  if (refused) return refused;
  const undoId = env.newId();
  const draft = { id: undoId, kind: 'undo', maker: actorId(actor), created_at: env.now(), parent_id: id } as const;
  const act = <T>(work: (tx: Queries) => Promise<T | Refusal>) => actingTransaction<T>(env, actor, plainly, work);
  await act((tx) => createBulkJob(tx, draft));
  for (let after = 0; after < job.total; after += ITEMS_PER_TRANSACTION) {
    await act((tx) => copyDoneItems(tx, { from: id, to: undoId, after, until: after + ITEMS_PER_TRANSACTION }));
  }
  await act(async (tx) =>
    moveBulkJob(tx, undoId, 'draft', { total: await countBulkItems(tx, undoId), state: 'checked' }),
  );
  return startBulk(env, actor, { id: undoId, reason }, around);
}

/** Ends a running job before its next item, or throws a draft away; what is done stays done. */
export async function stopBulk(
  env: Env,
  actor: Actor,
  id: string,
  around: Around<BulkJob> = plainly,
): Promise<BulkJob | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const found = await lockBulkJob(tx, id);
    if (!found) return refuse('not_found', { reason: 'bulk_job' });
    const change = { state: 'stopped', stopped_because: 'by_staff', finished_at: env.now() } as const;
    if (found.state === 'finished' || found.state === 'stopped') return found;
    await moveBulkJob(tx, id, found.state, change);
    if (found.state === 'running') {
      const detail = { bulkId: id, because: 'by_staff', done: found.done } as const;
      await appendEvent(env, tx, { action: 'bulk.stopped', actor: actorId(actor), detail }, actorClient(actor));
    }
    return { ...found, ...change };
  });
}
