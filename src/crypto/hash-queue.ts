import { type Refusal, refuse } from '#core/result.ts';
import { hashes as hashing, refusedHashes } from '#signals.ts';

export type QueueOptions = {
  /** Jobs at once. */
  readonly concurrency: number;
  /** How long a job may wait for its start. */
  readonly queueSeconds: number;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
};

export type HashQueue = {
  /** Runs a job of so many hashes when its turn comes, or refuses. What the job throws, this throws. */
  run<T>(hashes: number, job: () => Promise<T>): Promise<T | Refusal>;
  /** Jobs that wait. */
  depth(): number;
};

// Until the first one is measured: longer than a hash takes on a machine worth serving from.
const FIRST_GUESS_MS = 50;
// A running mean over about the last ten: one stall does not close the queue, a slower machine is soon known.
const NEWEST_WEIGHT = 0.1;

/**
 * First come, first served, at most `concurrency` at once.
 *
 * A job is refused when it has waited for `queueSeconds`, and at once when it would have to: a flood is answered at
 * the door and costs no memory, while those who came before keep their turn.
 */
export function createHashQueue({ concurrency, queueSeconds, nowMs }: QueueOptions): HashQueue {
  const refusal = refuse('temporarily_unavailable', { retryAfterSeconds: Math.ceil(queueSeconds) });
  const waiting = new Set<() => void>();
  let running = 0;
  let unfinishedHashes = 0;
  let meanMs = FIRST_GUESS_MS;

  /** True when the turn has come; false when it did not come in time. */
  function enter(): Promise<boolean> | boolean {
    if (running < concurrency) {
      running += 1;
      return true;
    }
    if ((unfinishedHashes * meanMs) / concurrency > queueSeconds * 1000) return false;
    return new Promise((resolve) => {
      const leaveQueue = (isInTime: boolean) => {
        clearTimeout(timer);
        waiting.delete(start);
        resolve(isInTime);
      };
      const start = () => leaveQueue(true);
      const timer = setTimeout(() => leaveQueue(false), queueSeconds * 1000);
      waiting.add(start);
    });
  }

  /** Hands the place to the job that waits longest. */
  function leave(): void {
    const [next] = waiting;
    if (next) next();
    else running -= 1;
  }

  function refuseJob(hashes: number): Refusal {
    refusedHashes.tell({ hashes });
    return refusal;
  }

  async function run<T>(hashes: number, job: () => Promise<T>): Promise<T | Refusal> {
    const askedMs = hashing.isHeard() ? nowMs() : undefined;
    const entered = enter();
    if (entered === false) return refuseJob(hashes);
    unfinishedHashes += hashes;
    try {
      if (!(await entered)) return refuseJob(hashes);
      const startedMs = nowMs();
      try {
        return await hashing.around({ hashes, waitMs: startedMs - (askedMs ?? startedMs) }, job);
      } finally {
        meanMs += NEWEST_WEIGHT * ((nowMs() - startedMs) / Math.max(1, hashes) - meanMs);
        leave();
      }
    } finally {
      unfinishedHashes -= hashes;
    }
  }

  return { run, depth: () => waiting.size };
}
