import { type Refusal, refuse } from '#core/values/result.ts';
import { hashes as hashing, refusedHashes } from '#signals.ts';
import { createHashLines, type HashLines } from './hash-lines.ts';
import { createFirsts, createShares } from './hash-shares.ts';

/** Who needs a hash; the queue is fair between these. */
export type Asker = {
  /** The network that the request came from. */
  readonly address?: string | undefined;
  /** The person or the link, if known; each has only one job in the queue at a time. */
  readonly share?: string;
  /** Whether this person has already proven something: people inside a flow are served before new arrivals. */
  readonly isInside?: boolean;
  /** Whether nobody waits for the answer any more. */
  readonly hasLeft?: () => boolean;
};

export type QueueOptions = {
  /** How many hashes run at once. */
  readonly concurrency: number;
  /** How long a job may wait for its turn. */
  readonly queueSeconds: number;
  /** How many jobs, for each of the hashes at once, may be hashing or about to hash. */
  readonly jobsPerHash: number;
  /** How many jobs of one address may be in progress at once. */
  readonly jobsPerAddress: number;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
};

/** One or more hashes as one piece of work, and its amount: a password is 1. */
export type HashWork<T> = { readonly hashes: number; readonly units: number; readonly work: () => Promise<T> };

/** Runs a piece of work as soon as a core is free for it. */
export type OnCore = <T>(work: HashWork<T>) => Promise<T>;

export type HashQueue = {
  /** Runs a job with this amount of work at its turn, or refuses. Throws what the job throws. */
  run<T>(asker: Asker, units: number, job: (onCore: OnCore) => Promise<T>): Promise<T | Refusal>;
  /** The number of waiting jobs. */
  depth(): number;
};

// Used until the first hash is measured: about 20 ms on a suitable server.
const FIRST_GUESS_MS = 20;
// A running mean of about the last ten: one stall does not close the queue, but a slower machine is noticed soon.
const NEWEST_WEIGHT = 0.1;

type Job = { readonly line: string; readonly units: number; readonly asker: Asker; end(isTurn: boolean): void };

/**
 * At most `concurrency` hashes at once, and a queue that is fair between addresses.
 *
 * Addresses take turns, so a flood from one of them costs the others one place in the rotation. A job waits for
 * `queueSeconds` at most. If the queue would get longer than that, it refuses the newest job of the address with the
 * most waiting jobs. People inside a flow go before new arrivals, but only a few times in ten seconds each, so that
 * nobody can block the others.
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

/** The state of one queue. */
type Queue = {
  readonly options: QueueOptions;
  /** Waiting jobs: of people inside a flow, and of new arrivals. */
  readonly inside: HashLines<Job>;
  readonly arriving: HashLines<Job>;
  readonly firsts: ReturnType<typeof createFirsts>;
  /** The number of jobs of each address in progress. */
  readonly working: ReturnType<typeof createCounts>;
  /** Jobs that have their turn, but whose hash is not done. */
  readonly beforeHash: { jobs: number; units: number };
  readonly cores: ReturnType<typeof createCores>;
};

function lineOf({ address = '' }: Asker): string {
  return address;
}

/** True at its turn; false if the turn did not come in time, or cannot come. */
function takeTurn(queue: Queue, asker: Asker, units: number, withinMs: number): Promise<boolean> {
  const lines = asker.isInside === true && queue.firsts.take(asker.share) ? queue.inside : queue.arriving;
  return new Promise((resolve) => {
    const timer = setTimeout(() => job.end(false), withinMs);
    const job: Job = {
      line: lineOf(asker),
      units,
      asker,
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

/** How long the waiting jobs and those about to hash will take. */
function backlogMs({ options, inside, arriving, beforeHash, cores }: Queue): number {
  return ((inside.units() + arriving.units() + beforeHash.units) * cores.meanMs()) / options.concurrency;
}

/** Starts jobs while there is room. Drops a job if nobody waits for its answer. */
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

/** Frees the place of a job once. After its hash a job only works in the database, where it may wait for a lock. */
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

/** Another job of this person or link is running, and too many wait for it. */
const AT_WORK = refuse('temporarily_unavailable', { reason: 'at_work', retryAfterSeconds: 1 });

/** A number for each name; a name with 0 is removed. */
function createCounts() {
  const counts = new Map<string, number>();

  function add(name: string, change: 1 | -1): void {
    const count = (counts.get(name) ?? 0) + change;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  }

  return { add, of: (name: string) => counts.get(name) ?? 0 };
}

/** Runs this many pieces of work at once, oldest first, and measures how long a password takes. */
function createCores(count: number, nowMs: () => number) {
  const waiting = new Set<() => void>();
  let busy = 0;
  let meanMs = FIRST_GUESS_MS;

  async function enter(): Promise<void> {
    if (busy < count) busy += 1;
    else await new Promise<void>((resolve) => waiting.add(resolve));
  }

  /** Gives the core to the work that has waited longest. */
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
        // A work shorter than a password cannot be measured well, because it mostly waits for this thread.
        if (units >= 1) meanMs += NEWEST_WEIGHT * ((nowMs() - startedMs) / units - meanMs);
        leave();
      }
    };
  }

  return { since, meanMs: () => meanMs };
}
