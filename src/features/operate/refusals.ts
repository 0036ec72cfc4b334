import type { RefusalCount } from '#core/limits/refusal-counts.ts';
import type { Env } from '#env.ts';
import { closeRefusals, openEnds } from '#flows/sign-in/note-refusal.ts';
import { addRefusals, listOverRefusals } from '#store/limits/refusal-counts.ts';

// A crash loses at most this much.
const FLUSH_INTERVAL_MS = 1_000;
// One batch is one transaction of some milliseconds, and sign-ins wait for it.
const KEYS_PER_TRANSACTION = 100;
// Another process may still hold the refusals of one second.
const PATIENCE_SECONDS = 5;

/** Writes this process's refusals into the database each second until stopped; stopping writes the rest. */
export function startCountingRefusals(env: Env): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= flushOrLog(env).finally(() => {
      running = undefined;
    });
  }, FLUSH_INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await flushOrLog(env);
    },
  };
}

async function flushOrLog(env: Env): Promise<void> {
  try {
    await flushRefusals(env);
  } catch (error) {
    env.log.error({ err: error }, 'refusals could not be counted in the database; trying again');
  }
}

/** Adds the counts of this process to the shared rows. Refusals counted meanwhile wait for the next run. */
export async function flushRefusals(env: Env): Promise<void> {
  // In a fixed order, so that two processes never deadlock.
  const counted = [...env.refusals].toSorted(([one], [other]) => (one < other ? -1 : 1));
  for (let first = 0; first < counted.length; first += KEYS_PER_TRANSACTION) {
    const page = counted.slice(first, first + KEYS_PER_TRANSACTION);
    await env.db.transaction(async (tx) => {
      for (const [key, count] of page) if (count.repeated > 0) await addRefusals(tx, rowOf(key, count));
    });
    for (const [key, count] of page) subtract(env, key, count);
  }
}

function rowOf(key: string, { event, client, repeated, since, endsAt }: RefusalCount) {
  return { key, event, client: JSON.stringify(client), repeated, since, endsAt };
}

/** Removes an entry without new refusals for a second. The row in the database knows its window. */
function subtract({ refusals }: Env, key: string, { repeated }: RefusalCount): void {
  const now = refusals.get(key);
  if (now === undefined) return;
  if (now.repeated === repeated) refusals.delete(key);
  else refusals.set(key, { ...now, repeated: now.repeated - repeated });
}

/** Logs the number of refusals in each closed window. */
export async function closeOverRefusals(env: Env, isStopping = () => false): Promise<void> {
  const { after, until } = openEnds(env.now());
  const ends = { after: after - PATIENCE_SECONDS, until };
  for (let size = KEYS_PER_TRANSACTION; size === KEYS_PER_TRANSACTION && !isStopping(); ) {
    const keys = await listOverRefusals(env.db.read, ends, KEYS_PER_TRANSACTION);
    size = keys.length;
    if (size === 0) return;
    await env.db.transaction(async (tx) => {
      for (const key of keys) await closeRefusals(env, tx, key, ends);
    });
  }
}
