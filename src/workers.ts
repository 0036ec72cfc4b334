import cluster, { type Worker } from 'node:cluster';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '#config/root.ts';
import type { Config } from '#config.ts';
import { openEnv } from '#env.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import type { Listening } from '#http/server/listen.ts';
import type { Server, Stop } from './main.ts';
import { type FromWorker, tellWorker } from './worker-talk.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A worker that served for less, however long its start took, died of something that the next one meets too. */
const SHORT_LIFE_MS = 10_000;
const MOST_SHORT_LIVES = 5;
/** Doubled with each short life: some 8 seconds until giving up. */
const FIRST_WAIT_MS = 250;

/**
 * Starts `SALLYPORT_WORKERS` processes behind one port and answers how to stop them all.
 *
 * This process answers no request: it makes the database, its keys and the first administrator's link before the first
 * worker, hands connections round, and puts a new worker in the place of one that dies. Each worker is a node like
 * those on other machines: nothing is shared between them but the database.
 */
export async function startWorkers(config: Config, environment: Environment): Promise<Server> {
  const env = await openEnv(config, { create: true });
  const link = await renewFirstAdministratorLink(env).finally(() => env.db.close());
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever serves looks at it; a failure before that is thrown below.
  failed.catch(() => {});
  const crew = createCrew(environment, env.log, fail);
  // A worker that hangs notices nothing, not even that it is alone.
  process.on('exit', crew.kill);
  let metrics: Listening | undefined;
  try {
    metrics = await listenForMetrics(config, crew);
    await Promise.all(Array.from({ length: config.workers }, crew.add));
  } catch (error) {
    await Promise.all([crew.stop('now'), metrics?.close()]);
    throw error;
  }
  env.log.info({ workers: config.workers }, 'all workers serve');
  return {
    productName: config.productName,
    url: config.publicUrl.origin,
    firstAdministratorUrl: link?.url,
    roll: crew.roll,
    failed,
    async stop(how = 'now') {
      await crew.stop(how);
      await metrics?.close();
    },
  };
}

async function listenForMetrics({ host, metricsPort }: Config, crew: ReturnType<typeof createCrew>) {
  if (metricsPort === undefined) return undefined;
  const { serveMetrics } = await import('#telemetry/metrics-server.ts');
  const { sumOf, sumText } = await import('#telemetry/sum.ts');
  // A sum that falls looks like a restart of everything: what workers counted that are gone stays in it.
  let gone: object[] = [];
  const read = async (): Promise<string> => {
    const counted = await crew.metrics();
    gone = await sumOf([gone, ...counted.gone]);
    return sumText([gone, ...counted.serving]);
  };
  let reading: Promise<unknown> = Promise.resolve();
  return serveMetrics({ host, port: metricsPort }, () => {
    // One after the other: each begins with what the one before has left.
    const next = reading.then(read, read);
    reading = next;
    return next;
  });
}

type Log = Readonly<Record<'debug' | 'info' | 'error', (facts: object, text: string) => void>>;

/** The workers of one primary. `fail` hears when they cannot be kept alive. */
function createCrew(environment: Environment, log: Log, fail: (error: Error) => void) {
  cluster.setupPrimary({ exec: join(ROOT, 'bin/sallyport.mjs'), args: ['serve'] });
  const serving = new Set<Worker>();
  /** What workers counted that have gone since the last reading. */
  const gone: object[][] = [];
  let isStopping = false;
  let isRolling = false;
  let shortLives = 0;

  /** Answers once the worker serves. */
  async function add(): Promise<void> {
    const worker = cluster.fork(environment);
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
      if (!serving.delete(worker) || isStopping) return;
      log.error({ pid: worker.process.pid, code, signal }, 'a worker died: starting another');
      void replaceDead(performance.now() - servesSinceMs);
    });
    await promise;
    servesSinceMs = performance.now();
    serving.add(worker);
    if (isStopping) tellWorker(worker, { kind: 'stop', how: 'now' });
  }

  async function replaceDead(servedMs: number): Promise<void> {
    shortLives = servedMs < SHORT_LIFE_MS ? shortLives + 1 : 0;
    if (shortLives > MOST_SHORT_LIVES) {
      await stop('now');
      return fail(new Error(`workers died ${shortLives} times within seconds of their start: giving up`));
    }
    await wait(FIRST_WAIT_MS * 2 ** Math.max(0, shortLives - 1));
    if (isStopping) return;
    await add().catch((error: unknown) => {
      log.error({ err: error }, 'a worker did not start');
      return isStopping ? undefined : replaceDead(0);
    });
  }

  async function leave(worker: Worker, how: Stop): Promise<void> {
    if (worker.isDead()) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    tellWorker(worker, { kind: 'stop', how });
    await ended;
  }

  async function stop(how: Stop): Promise<void> {
    isStopping = true;
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && leave(worker, how)));
  }

  /** A new worker serves before the old one stops listening; what fails leaves the old ones as they are. */
  async function roll(): Promise<void> {
    if (isRolling || isStopping) return;
    isRolling = true;
    log.info({ workers: serving.size }, 'replacing the workers one after the other');
    try {
      for (const old of [...serving]) {
        if (isStopping || !serving.has(old)) continue;
        await add();
        serving.delete(old);
        await leave(old, 'replaced');
      }
      log.info({}, 'all workers are new');
    } catch (error) {
      log.error({ err: error }, 'a new worker did not start: the others go on');
    }
    isRolling = false;
  }

  async function metrics(): Promise<{ readonly gone: object[][]; readonly serving: object[][] }> {
    const answers = await Promise.all([...serving].map((worker) => askForMetrics(worker)));
    return { gone: gone.splice(0), serving: answers };
  }

  const kill = (): void => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  };
  return { add, stop, roll, metrics, kill };
}

const METRICS_WAIT_MS = 5_000;

/** What a worker has counted so far; nothing when it does not answer in time. */
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
