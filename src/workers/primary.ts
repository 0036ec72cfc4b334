import type { Config } from '#config.ts';
import { openEnv } from '#env.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import type { Listening } from '#http/server/listen.ts';
import { addWorker, type Crew, killCrew, newCrew, readMetrics, rollCrew, stopCrew } from './crew.ts';
import type { Server } from './server.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts `SALLYPORT_WORKERS` processes behind one port and returns how to stop them all.
 *
 * This process answers no request. Before the first worker it creates the database, its keys and the first
 * administrator's link; then it distributes connections and replaces a worker that dies. Each worker is a node like
 * those on other machines: workers share only the database.
 */
export async function startWorkers(config: Config, environment: Environment): Promise<Server> {
  const env = await openEnv(config, { create: true });
  const link = await renewFirstAdministratorLink(env).finally(() => env.db.close());
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // `serve` awaits it; an earlier failure is thrown below.
  failed.catch(() => {});
  const crew = newCrew(environment, env.log, fail);
  // A worker that hangs does not notice that its primary has ended, so the primary kills it.
  process.on('exit', killCrew);
  let metrics: Listening | undefined;
  try {
    metrics = await listenForMetrics(config, crew);
    await Promise.all(Array.from({ length: config.workers }, () => addWorker(crew)));
  } catch (error) {
    await Promise.all([stopCrew(crew, 'now'), metrics?.close()]);
    throw error;
  }
  env.log.info({ workers: config.workers }, 'all workers serve');
  return {
    productName: env.brand().name,
    url: config.publicUrl.origin,
    firstAdministratorUrl: link?.url,
    roll: () => rollCrew(crew),
    failed,
    async stop(how = 'now') {
      await stopCrew(crew, how);
      await metrics?.close();
    },
  };
}

async function listenForMetrics({ host, metricsPort }: Config, crew: Crew) {
  if (metricsPort === undefined) return undefined;
  const { serveMetrics } = await import('#telemetry/metrics-server.ts');
  const { sumOf, sumText } = await import('#telemetry/sum.ts');
  // Prometheus reads a falling sum as a restart, so the counts of ended workers stay in the sum.
  let gone: object[] = [];
  const read = async (): Promise<string> => {
    const counted = await readMetrics(crew);
    gone = await sumOf([gone, ...counted.gone]);
    return sumText([gone, ...counted.serving]);
  };
  let reading: Promise<unknown> = Promise.resolve();
  return serveMetrics({ host, port: metricsPort }, () => {
    // One reading at a time, because each starts with what the last one left.
    const next = reading.then(read, read);
    reading = next;
    return next;
  });
}
