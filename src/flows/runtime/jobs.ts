import type { Env } from '#env.ts';
import { claimJob, releaseJob, renewJob } from '#store/queue/jobs.ts';

/** Work that the server does by itself. It can be late or stop halfway, so no security may depend on it. */
export type Job = {
  readonly name: string;
  /** How often each process tries to run it, and the shortest time between two rounds over all processes. */
  readonly everySeconds: number;
  /** A cheap read that says whether there is work. Without it every process writes a lease each time. */
  readonly isDue?: () => Promise<boolean>;
  /** One round. A failed round is logged, and the next one starts again. */
  readonly run: (round: Round) => Promise<void>;
  /** Frees what the job holds open between its rounds. */
  readonly close?: () => void;
};

export type Round = {
  /** The server stops, or another process has taken over the job: finish the current piece and return. */
  readonly isStopping: () => boolean;
};

type JobEnv = Pick<Env, 'db' | 'now' | 'newId' | 'log'>;

/** If a process dies, its job waits at most this long for another. A running round renews three times in this time. */
const LEASE_SECONDS = 15;
/** How long a stop waits for running rounds. The next start continues what they leave. */
const STOP_SECONDS = 10;

/** Runs each job at its interval until stopped. A stop lets running rounds finish their current piece. */
export function startJobs(env: JobEnv, jobs: readonly Job[]): { stop(): Promise<void> } {
  const stops = jobs.map((job) => startJob(env, job));
  return {
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}

function startJob(env: JobEnv, job: Job): () => Promise<void> {
  let running: Promise<void> | undefined;
  let stopping = false;
  const timer = setInterval(() => {
    running ??= runOrLog(env, job, () => stopping).finally(() => {
      running = undefined;
    });
  }, job.everySeconds * 1000);
  timer.unref();
  return async () => {
    stopping = true;
    clearInterval(timer);
    await within(STOP_SECONDS, running);
    job.close?.();
  };
}

async function runOrLog(env: JobEnv, job: Job, isStopping: () => boolean): Promise<void> {
  try {
    await runJob(env, job, isStopping);
  } catch (error) {
    env.log.error({ err: error, job: job.name }, 'a job failed; trying again');
  }
}

/** Runs one round if there is work and no other process has the job; returns whether it ran. */
export async function runJob(env: JobEnv, job: Job, isStopping: () => boolean = () => false): Promise<boolean> {
  if (job.isDue && !(await job.isDue())) return false;
  const { name } = job;
  const holder = env.newId();
  // A timer can fire just before the full second. Without this second of slack every other round would be skipped.
  const everySeconds = job.everySeconds - 1;
  const claim = { name, holder, now: env.now(), leaseSeconds: LEASE_SECONDS, everySeconds };
  if (!(await env.db.transaction((tx) => claimJob(tx, claim)))) return false;
  const lease = keepLease(env, name, holder);
  try {
    await job.run({ isStopping: () => isStopping() || lease.isLost() });
  } finally {
    await lease.end();
    await env.db.transaction((tx) => releaseJob(tx, { name, holder, now: env.now() }));
  }
  return true;
}

/** Renews the lease while its round runs. A round that lost it, or cannot renew it, has to stop. */
function keepLease(env: JobEnv, name: string, holder: string): { isLost(): boolean; end(): Promise<void> } {
  let lost = false;
  let renewing = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      const leaseUntil = env.now() + LEASE_SECONDS;
      lost = !(await env.db.transaction((tx) => renewJob(tx, { name, holder, leaseUntil })));
    } catch {
      lost = true;
    }
  };
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew);
    },
    (LEASE_SECONDS * 1000) / 3,
  );
  timer.unref();
  return {
    isLost: () => lost,
    async end() {
      clearInterval(timer);
      await renewing;
    },
  };
}

async function within(seconds: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
