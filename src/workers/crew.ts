import cluster, { type Worker } from 'node:cluster';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PACKAGE_FOLDER } from '#config/root.ts';
import type { Stop } from './server.ts';
import { type FromWorker, tellWorker } from './talk.ts';

/** If a worker served for less than this, the cause of its death probably meets the next worker too. */
const SHORT_LIFE_MS = 10_000;
const MOST_SHORT_LIVES = 5;
/** Doubled after each short life: about 8 seconds until it gives up. */
const FIRST_WAIT_MS = 250;

type Environment = Readonly<Record<string, string | undefined>>;

type Log = Readonly<Record<'debug' | 'info' | 'error', (facts: object, text: string) => void>>;

/** The workers of one primary. */
export type Crew = {
  readonly environment: Environment;
  readonly log: Log;
  /** Called if the workers cannot be kept running. */
  readonly fail: (error: Error) => void;
  readonly serving: Set<Worker>;
  /** The metrics of workers that ended after the last reading. */
  readonly gone: object[][];
  isStopping: boolean;
  isRolling: boolean;
  shortLives: number;
};

export function newCrew(environment: Environment, log: Log, fail: Crew['fail']): Crew {
  cluster.setupPrimary({ exec: join(PACKAGE_FOLDER, 'bin/sallyport.mjs'), args: ['serve'] });
  const state = { isStopping: false, isRolling: false, shortLives: 0 };
  return { environment, log, fail, serving: new Set(), gone: [], ...state };
}

/** Resolves when the worker serves. */
export async function addWorker(crew: Crew): Promise<void> {
  const { serving, gone, log } = crew;
  const worker = cluster.fork(crew.environment);
  log.debug({ pid: worker.process.pid }, 'a worker starts');
  let servesSinceMs = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.on('message', (said: FromWorker) => {
    if (said.kind === 'serving') resolve();
    if (said.kind === 'failed') reject(new Error(said.problem));
    if (said.kind === 'last' && said.metrics.length > 0) gone.push(said.metrics);
  });
  worker.once('exit', (code, signal) => {
    reject(new Error(`a worker ended before it served (${signal ?? `exit code ${code}`})`));
    if (!serving.delete(worker) || crew.isStopping) return;
    log.error({ pid: worker.process.pid, code, signal }, 'a worker died: starting another');
    void replaceDead(crew, performance.now() - servesSinceMs);
  });
  await promise;
  servesSinceMs = performance.now();
  serving.add(worker);
  if (crew.isStopping) tellWorker(worker, { kind: 'stop', how: 'now' });
}

async function replaceDead(crew: Crew, servedMs: number): Promise<void> {
  crew.shortLives = servedMs < SHORT_LIFE_MS ? crew.shortLives + 1 : 0;
  if (crew.shortLives > MOST_SHORT_LIVES) {
    await stopCrew(crew, 'now');
    return crew.fail(new Error(`workers died ${crew.shortLives} times within seconds of their start: giving up`));
  }
  await wait(FIRST_WAIT_MS * 2 ** Math.max(0, crew.shortLives - 1));
  if (crew.isStopping) return;
  await addWorker(crew).catch((error: unknown) => {
    crew.log.error({ err: error }, 'a worker did not start');
    return crew.isStopping ? undefined : replaceDead(crew, 0);
  });
}

export async function stopCrew(crew: Crew, how: Stop): Promise<void> {
  crew.isStopping = true;
  await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && stopWorker(worker, how)));
}

async function stopWorker(worker: Worker, how: Stop): Promise<void> {
  if (worker.isDead()) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  tellWorker(worker, { kind: 'stop', how });
  await ended;
}

/** Each new worker serves before the old one stops listening. If a new one does not start, the old ones stay. */
export async function rollCrew(crew: Crew): Promise<void> {
  const { serving, log } = crew;
  if (crew.isRolling || crew.isStopping) return;
  crew.isRolling = true;
  log.info({ workers: serving.size }, 'replacing the workers one after the other');
  try {
    for (const old of [...serving]) {
      if (crew.isStopping || !serving.has(old)) continue;
      await addWorker(crew);
      serving.delete(old);
      await stopWorker(old, 'replaced');
    }
    log.info({}, 'all workers are new');
  } catch (error) {
    log.error({ err: error }, 'a new worker did not start: the others go on');
  }
  crew.isRolling = false;
}

type Readings = { readonly gone: object[][]; readonly serving: object[][] };

export async function readMetrics({ serving, gone }: Crew): Promise<Readings> {
  const answers = await Promise.all([...serving].map((worker) => askForMetrics(worker)));
  return { gone: gone.splice(0), serving: answers };
}

export function killCrew(): void {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
}

const METRICS_WAIT_MS = 5_000;

/** The metrics of a worker; none if it does not answer in time. */
function askForMetrics(worker: Worker): Promise<object[]> {
  return new Promise((resolve) => {
    const settle = (metrics: object[]): void => {
      clearTimeout(late);
      worker.off('message', onMessage);
      resolve(metrics);
    };
    const onMessage = (said: FromWorker): void => {
      if (said.kind === 'metrics') settle(said.metrics);
    };
    const late = setTimeout(settle, METRICS_WAIT_MS, []);
    worker.on('message', onMessage);
    tellWorker(worker, { kind: 'metrics' });
  });
}
