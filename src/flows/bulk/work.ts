import { AuthorityLost, OPERATORS } from '#core/people/authority.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Held, onPerson } from '#flows/administration/act.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { resendInvitation } from '#flows/administration/add-person.ts';
import { keyIdOf } from '#flows/administration/api-keys.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { plainly } from '#flows/runtime/transaction.ts';
import {
  type BulkItem,
  claimBulkItem,
  type ItemChange,
  listWaitingBulkItems,
  settleBulkItem,
} from '#store/bulk/items.ts';
import {
  type BulkJob,
  countBulkItem,
  findBulkJob,
  finishBulkJob,
  listOpenBulkJobs,
  moveBulkJob,
} from '#store/bulk/jobs.ts';
import { type Queries, StorageUnavailable } from '#store/engine/database.ts';
import { findApiKey } from '#store/programs/api-keys.ts';
import { checkImport } from './import-check.ts';
import { importRow } from './import-items.ts';
import { changePartner } from './partner-items.ts';

/** Jobs take turns of this many items, so that a long one does not hold up a short one. */
const ITEMS_PER_TURN = 40;
// Transactions that wait together share one fsync on SQLite. On PostgreSQL each holds a connection of the pool.
const AT_ONCE = 4;

/** Works off bulk jobs, each second. A round that was killed goes on in the next, in any process. */
export function bulkJob(env: Env): Job {
  return {
    name: 'bulk',
    everySeconds: 1,
    isDue: async () => (await listOpenBulkJobs(env.db.read, env.now())).length > 0,
    run: ({ isStopping }) => workOff(env, isStopping),
  };
}

/** Does what all jobs have to do now, in turns, until nothing is left. */
export async function workOff(env: Env, isStopping: () => boolean = () => false): Promise<void> {
  while (!isStopping()) {
    const jobs = await listOpenBulkJobs(env.db.read, env.now());
    const worked: boolean[] = [];
    for (const job of jobs) worked.push(await takeTurn(env, job, isStopping));
    if (!worked.includes(true)) return;
  }
}

/** Another process may be at the last item. */
const LAST_ITEM_MILLISECONDS = 50;

/** Works one job off, beside any server that does the same; returns it when it has ended. */
export async function workOffOne(env: Env, id: string, onTurn: (job: BulkJob) => void = () => {}): Promise<BulkJob> {
  for (;;) {
    const job = await findBulkJob(env.db.read, id);
    if (!job) throw new Error('the job is gone');
    onTurn(job);
    if (job.state !== 'running' && job.state !== 'checking') return job;
    if (await takeTurn(env, job, () => false)) continue;
    await new Promise((resolve) => setTimeout(resolve, LAST_ITEM_MILLISECONDS));
  }
}

/** Some items of one job; false if there was nothing to do. */
async function takeTurn(env: Env, job: BulkJob, isStopping: () => boolean): Promise<boolean> {
  if (job.state === 'checking') return checkImport(env, job, isStopping);
  const items = await listWaitingBulkItems(env.db.read, job.id, ITEMS_PER_TURN);
  if (items.length === 0) return (await mayFinish(env, job)) ? finish(env, job) : false;
  try {
    const actor = await actorOfJob(env.db.read, job);
    for (const some of together(items)) {
      if (isStopping()) break;
      await Promise.all(some.map((item) => workOn(env, actor, job, item)));
    }
  } catch (error) {
    if (!(error instanceof AuthorityLost)) throw error;
    await stopOrphan(env, job);
  }
  return true;
}

/**
 * The actor of a job: who started it, with the right that they have now. Each transaction of the job reads that right
 * again, so a job ends with the rights of its maker.
 */
async function actorOfJob(queries: Queries, { maker }: Pick<BulkJob, 'maker'>): Promise<Actor> {
  if (OPERATORS.includes(maker)) return maker;
  const keyId = keyIdOf(maker);
  if (keyId === undefined) {
    return { id: maker, client: undefined, authority: { kind: 'maker', userId: maker } };
  }
  const apiKey = await findApiKey(queries, keyId);
  if (!apiKey) throw new AuthorityLost('api_key_invalid');
  const granted = { ...apiKey, grantedFor: 'partners:write' as const };
  return { id: maker, client: undefined, authority: { kind: 'apiKey', apiKey: granted } };
}

/** What may run at the same time: a few items, but a row that creates a partner alone, before those that need it. */
function together(items: readonly BulkItem[]): readonly (readonly BulkItem[])[] {
  const groups: BulkItem[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    const isOpen = last !== undefined && last.length < AT_ONCE && last[0]?.effect !== 'creates';
    if (isOpen && item.effect !== 'creates') last.push(item);
    else groups.push([item]);
  }
  return groups;
}

/** One item in its own transaction: the claim, the change, its event and the count are committed together, or none. */
async function workOn(env: Env, actor: Actor, job: BulkJob, item: BulkItem): Promise<void> {
  const act = async (tx: Queries, change: () => Promise<ItemChange | Refusal>): Promise<'done' | Refusal> => {
    if (!(await claimBulkItem(tx, item))) return 'done';
    const changed = await change();
    if (isRefusal(changed)) return changed;
    await settle(tx, item, changed);
    return 'done';
  };
  const outcome = await (job.kind === 'invite'
    ? onPerson(env, { actor, id: item.subject ?? '' }, (held) => act(held.tx, () => inviteOne(env, held)))
    : actingTransaction(env, actor, plainly, (tx, acting) =>
        act(tx, () =>
          job.kind === 'import'
            ? importRow(env, tx, { actor, acting }, { job, item })
            : changePartner(env, tx, actor, { job, item }),
        ),
      )
  ).catch((error: unknown) => failureOf(env, item, error));
  if (outcome === 'done') return;
  // The refused change is rolled back, with its claim. Another process may have tried it meanwhile, with the same end.
  await actingTransaction(env, 'system', plainly, async (tx) => {
    if (await claimBulkItem(tx, item)) await settle(tx, item, { state: 'failed', note: noteOf(outcome) });
    return true;
  });
}

/** An invitation that somebody has sent and the person has accepted meanwhile needs none. */
async function inviteOne(env: Env, held: Held): Promise<ItemChange | Refusal> {
  const sent = await resendInvitation.within(env, held, {});
  if (!isRefusal(sent)) return { state: 'done' };
  return sent.reason === 'accepted' ? { state: 'unchanged', note: 'accepted' } : sent;
}

/** Invitations of an import come in as long as it runs. */
async function mayFinish({ db }: Env, { kind, parent_id }: BulkJob): Promise<boolean> {
  if (kind !== 'invite' || parent_id === null) return true;
  return (await findBulkJob(db.read, parent_id))?.state !== 'running';
}

async function settle(tx: Queries, { id, job_id }: BulkItem, change: ItemChange): Promise<void> {
  await settleBulkItem(tx, id, change);
  const { state } = change;
  if (state === 'done' || state === 'unchanged' || state === 'failed') await countBulkItem(tx, job_id, state);
}

/** A bug in one item does not hold up the others. A database that is away, or a lost right, concerns all of them. */
function failureOf({ log }: Env, item: BulkItem, error: unknown): { readonly refused: 'internal_error' } {
  if (error instanceof AuthorityLost || error instanceof StorageUnavailable) throw error;
  log.error({ err: error, bulkItem: item.id }, 'an item of a bulk job failed');
  return { refused: 'internal_error' };
}

function noteOf(refusal: Pick<Refusal, 'reason'> & { readonly refused: string }): string {
  return refusal.reason ?? refusal.refused;
}

/** True only if this call has finished the job: another process may have, or may still be at its last item. */
async function finish(env: Env, { id }: BulkJob): Promise<boolean> {
  await actingTransaction(env, 'system', plainly, async (tx) => {
    const finished = await finishBulkJob(tx, id, env.now());
    if (!finished) return false;
    const { done, unchanged, failed } = finished;
    const detail = { bulkId: id, done, unchanged, failed };
    await appendEvent(env, tx, { action: 'bulk.finished', actor: 'system', detail }, undefined);
    return true;
  });
  return false;
}

async function stopOrphan(env: Env, { id, done }: BulkJob): Promise<void> {
  env.log.warn({ bulkJob: id }, 'a bulk job was stopped: the rights of its maker ended');
  await actingTransaction(env, 'system', plainly, async (tx) => {
    const change = { state: 'stopped', stopped_because: 'maker_lost', finished_at: env.now() } as const;
    if (!(await moveBulkJob(tx, id, 'running', change))) return false;
    const detail = { bulkId: id, because: 'maker_lost', done } as const;
    await appendEvent(env, tx, { action: 'bulk.stopped', actor: 'system', detail }, undefined);
    return true;
  });
}
