import { type Refusal, refuse } from '#core/values/result.ts';
import { hashes as hashing, refusedHashes } from '#signals.ts';
import { createHashLines, type HashLines } from './hash-lines.ts';
import { createFirsts, createShares } from './hash-shares.ts';

/** Who asks for a hash: the queue is fair by it. */
export type Asker = {
  /** The network that the request came from. */
  readonly address?: string | undefined;
  /** The person or the link, where one is known: it has one job in the queue at a time. */
  readonly share?: string;
  /** Whether this person has proven something already: people inside a flow are served before those who arrive. */
  readonly isInside?: boolean;
  /** Whether nobody waits for the answer any more. */
  readonly hasLeft?: () => boolean;
};

export type QueueOptions = {
  /** Hashes at once. */
  readonly concurrency: number;
  /** How long a job may wait for its turn. */
  readonly queueSeconds: number;
  /** Jobs that hash or are about to, for each hash at once. */
  readonly jobsPerHash: number;
  /** Jobs of one address whose turn has come and that have not ended. */
  readonly jobsPerAddress: number;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
};

/** One hash, or several that are one piece of work, and how much work that is: a password is 1. */
export type HashWork<T> = { readonly hashes: number; readonly units: number; readonly work: () => Promise<T> };

/** Does one piece of work of a job as soon as a core is free for it. */
export type OnCore = <T>(work: HashWork<T>) => Promise<T>;

export type HashQueue = {
  /** Runs a job of so much work when its turn comes, or refuses. What the job throws, this throws. */
  run<T>(asker: Asker, units: number, job: (onCore: OnCore) => Promise<T>): Promise<T | Refusal>;
  /** Jobs that wait. */
  depth(): number;
};

// Until the first one is measured: a hash takes some 20 ms on a machine worth serving from.
const FIRST_GUESS_MS = 20;
// A running mean over about the last ten: one stall does not close the queue, a slower machine is soon known.
const NEWEST_WEIGHT = 0.1;

type Job = { readonly line: string; readonly units: number; readonly asker: Asker; end(isTurn: boolean): void };

/**
 * At most `concurrency` hashes at once, and a queue that is fair by address.
 *
 * Addresses take turns, so a flood from one of them costs the others one place in the rotation. A job waits for
 * `queueSeconds` at most. What would make the queue longer than that is refused: the newest job of the address that has
 * most of them waiting. People inside a flow go before everybody who arrives, a few times in ten seconds each, so that
 * nobody can keep the others out by going first.
 */
export function createHashQueue(options: QueueOptions): HashQueue {
  const { concurrency, queueSeconds, nowMs } = options;
  const queue: Queue = {
    options,
    inside: createHashLines<Job>(),
    arriving: createHashLines<Job>(),
    firsts: createFirsts(nowMs),
    working: createCounts(),
    beforeHash: { jobs: 0, units: 0 },
    cores: createCores(concurrency, nowMs),
  };
  const shares = createShares(queueSeconds * 1000);

  async function run<T>(asker: Asker, units: number, job: (onCore: OnCore) => Promise<T>): Promise<T | Refusal> {
    const { share } = asker;
    const askedMs = nowMs();
    const isOwnTurn = shares.take(share);
    if (isOwnTurn !== true && !(await isOwnTurn)) return AT_WORK;
    try {
      const isTurn = await takeTurn(queue, asker, units, askedMs + queueSeconds * 1000 - nowMs());
      return isTurn ? await doJob(queue, { line: lineOf(asker), units, askedMs }, job) : refuseJob(queue, units);
    } finally {
      shares.leave(share);
    }
  }

  return { run, depth: () => queue.inside.size() + queue.arriving.size() };
}

/** What one queue holds. */
type Queue = {
  readonly options: QueueOptions;
  /** Jobs that wait: of people inside a flow, and of those who arrive. */
  readonly inside: HashLines<Job>;
  readonly arriving: HashLines<Job>;
  readonly firsts: ReturnType<typeof createFirsts>;
  /** Jobs of each address whose turn has come and that have not ended. */
  readonly working: ReturnType<typeof createCounts>;
  /** Jobs whose turn has come and whose hash is not done. */
  readonly beforeHash: { jobs: number; units: number };
  readonly cores: ReturnType<typeof createCores>;
};

function lineOf({ address = '' }: Asker): string {
  return address;
}

/** True when the turn has come; false when it did not come in time, or cannot. */
function takeTurn(queue: Queue, asker: Asker, units: number, withinMs: number): Promise<boolean> {
  const lines = asker.isInside === true && queue.firsts.take(asker.share) ? queue.inside : queue.arriving;
  return new Promise((resolve) => {
    const timer = setTimeout(() => job.end(false), withinMs);
    const job: Job = {
      ...{ line: lineOf(asker), units, asker },
      end(isTurn) {
        clearTimeout(timer);
        lines.remove(job);
        if (isTurn) begin(queue, job);
        resolve(isTurn);
      },
    };
    lines.add(job);
    serve(queue);
    if (backlogMs(queue) > queue.options.queueSeconds * 1000) shed(queue, job.line);
  });
}

/** How long all that waits, or is about to hash, will take. */
function backlogMs({ options, inside, arriving, beforeHash, cores }: Queue): number {
  return ((inside.units() + arriving.units() + beforeHash.units) * cores.meanMs()) / options.concurrency;
}

/** Takes jobs to work while there is room. A job whose asker has left is dropped. */
function serve({ options, inside, arriving, working, beforeHash }: Queue): void {
  const { concurrency, jobsPerHash, jobsPerAddress } = options;
  const mayGo = (line: string): boolean => working.of(line) < jobsPerAddress;
  while (beforeHash.jobs < concurrency * jobsPerHash) {
    const job = inside.next(mayGo) ?? arriving.next(mayGo);
    if (job === undefined) return;
    job.end(job.asker.hasLeft?.() !== true);
  }
}

function shed({ inside, arriving }: Queue, line: string): void {
  const job = arriving.newestOfLongest(line) ?? inside.newestOfLongest(line);
  job?.end(false);
}

function begin({ working, beforeHash }: Queue, { line, units }: Job): void {
  working.add(line, 1);
  beforeHash.jobs += 1;
  beforeHash.units += units;
}

async function doJob<T>(
  queue: Queue,
  { line, units, askedMs }: { readonly line: string; readonly units: number; readonly askedMs: number },
  job: (onCore: OnCore) => Promise<T>,
): Promise<T> {
  const free = placeOf(queue, units);
  const onCore = queue.cores.since(askedMs);
  try {
    return await job((work) => onCore(work).finally(free));
  } finally {
    queue.working.add(line, -1);
    free();
    serve(queue);
  }
}

/** Frees the place of a job once: what comes after its hash is the database's work, and may wait there for a lock. */
function placeOf(queue: Queue, units: number): () => void {
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    queue.beforeHash.jobs -= 1;
    queue.beforeHash.units -= units;
    serve(queue);
  };
}

function refuseJob(queue: Queue, units: number): Refusal {
  refusedHashes.tell({ hashes: Math.max(1, Math.round(units)) });
  const waitSeconds = Math.max(1, backlogMs(queue) / 1000);
  const retryAfterSeconds = Math.ceil(Math.min(queue.options.queueSeconds, waitSeconds));
  return refuse('temporarily_unavailable', { retryAfterSeconds });
}

/** Jobs of this person or link are still at work, and too many wait for them. */
const AT_WORK = refuse('temporarily_unavailable', { reason: 'at_work', retryAfterSeconds: 1 });

/** How many of each name, kept while there are any. */
function createCounts() {
  const counts = new Map<string, number>();

  function add(name: string, change: 1 | -1): void {
    const count = (counts.get(name) ?? 0) + change;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  }

  return { add, of: (name: string) => counts.get(name) ?? 0 };
}

/** So many pieces of work at once, first come, first served, and how long a password takes. */
function createCores(count: number, nowMs: () => number) {
  const waiting = new Set<() => void>();
  let busy = 0;
  let meanMs = FIRST_GUESS_MS;

  async function enter(): Promise<void> {
    if (busy < count) busy += 1;
    else await new Promise<void>((resolve) => waiting.add(resolve));
  }

  /** Hands the core to the work that waits longest. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) busy -= 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  function since(askedMs: number): OnCore {
    return async ({ hashes, units, work }) => {
      await enter();
      const startedMs = nowMs();
      try {
        return await hashing.around({ hashes, waitMs: startedMs - askedMs }, work);
      } finally {
        // What is shorter than a password is measured badly: most of it is waiting for this thread.
        if (units >= 1) meanMs += NEWEST_WEIGHT * ((nowMs() - startedMs) / units - meanMs);
        leave();
      }
    };
  }

  return { since, meanMs: () => meanMs };
}
