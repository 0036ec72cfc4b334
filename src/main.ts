import cluster from 'node:cluster';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '#config/root.ts';
import { type Config, loadConfig } from '#config.ts';
import { type Env, openEnv } from '#env.ts';
import { startSealing } from '#features/operate/audit.ts';
import { startClockWatch } from '#features/operate/clock.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { housekeepingJob } from '#features/operate/housekeeping.ts';
import { passkeyRemindersJob } from '#features/operate/passkey-reminders.ts';
import { startCountingRefusals } from '#features/operate/refusals.ts';
import { remindNowJob } from '#features/operate/remind-now.ts';
import { remindersJob } from '#features/operate/reminders.ts';
import { recordActivation } from '#features/operate/retire-key.ts';
import { startPresence } from '#features/operate/servers.ts';
import { bulkJob } from '#flows/bulk/work.ts';
import { startJobs } from '#flows/runtime/jobs.ts';
import { createApp } from '#http/app.ts';
import type { Route } from '#http/route.ts';
import { listen } from '#http/server/listen.ts';
import { mailJob } from '#mail/deliver.ts';
import { startTelemetry, type Telemetry } from '#telemetry/telemetry.ts';
import { webhooksJob } from '#webhooks/deliver.ts';
import { logoutsJob } from '#webhooks/logouts.ts';
import type { Server } from '#workers/server.ts';
import { ROUTES } from './routes.ts';

type Environment = Readonly<Record<string, string | undefined>>;

type Options = {
  readonly environment?: Environment;
  readonly routes?: readonly Route[];
  /** Work that must be done before the first request. */
  readonly prepare?: (env: Env) => Promise<void>;
};

/** Starts the server and returns how to stop it. Throws an error whose message is one line for the operator. */
export async function serve({ environment = process.env, ...more }: Options = {}): Promise<Server> {
  const config = loadConfig(environment, { root: ROOT });
  if ('problem' in config) throw new Error(config.problem);
  if (config.workers > 1 && cluster.isPrimary) {
    const { startWorkers } = await import('#workers/primary.ts');
    return startWorkers(config, environment);
  }
  const telemetry = await startTelemetry(config, environment);
  const env = await openEnv(config, { create: true });
  try {
    telemetry.metrics?.watch(env);
    return await serveHere(env, telemetry, more);
  } catch (error) {
    await env.db.close();
    throw error;
  }
}

async function serveHere(env: Env, telemetry: Telemetry, { routes = ROUTES, prepare }: Options): Promise<Server> {
  const { config } = env;
  // Before any stored data is used, because a clock that was ahead may have left wrong times.
  const clock = await startClockWatch(env, () => performance.now() / 1000);
  // Before the first request, because a rotation lists the running servers before it seals with a new key.
  const presence = await startPresence(env, `${hostname()}:${process.pid}`);
  await recordActivation(env, { actor: 'system' });
  await prepare?.(env);
  const app = createApp(env, routes);
  app.shutdownState.clockJumped = clock.jumpedLately;
  // The primary reads the metrics of its workers, and serves them for all.
  const forMetrics = cluster.isPrimary ? await listenForMetrics(config, telemetry) : undefined;
  const listening = await listen(env, app).catch(async (error: unknown) => {
    await forMetrics?.close();
    throw error;
  });
  const work = { ...env, now: clock.now };
  const jobs = [clock, presence, startSealing(env), startCountingRefusals(work), startOwnWork(work)];
  env.log.info({ url: config.publicUrl.origin, listening: listening.url, pid: cluster.worker?.process.pid }, 'serving');
  const link = cluster.isPrimary ? await renewFirstAdministratorLink(env) : undefined;
  return {
    productName: env.brand().name,
    url: config.publicUrl.origin,
    firstAdministratorUrl: link?.url,
    metrics: telemetry.metrics,
    async stop(how = 'now') {
      app.shutdownState.isLeaving = how === 'leaving';
      app.shutdownState.endsConnections = true;
      if (how !== 'now') env.log.info({ how }, 'stopping');
      if (how === 'leaving') await wait(config.stopGraceSeconds * 1000);
      await listening.close({ idleMayAsk: how === 'replaced' });
      await forMetrics?.close();
      for (const job of jobs.toReversed()) await job.stop();
      await env.db.close();
      await telemetry.stop();
    },
  };
}

/** @param env its clock distrusts a jump ahead at first, because this work deletes data and mails people about dates */
function startOwnWork(env: Env) {
  const deliveries = [mailJob(env), webhooksJob(env), logoutsJob(env)];
  const reminders = [remindersJob(env), remindNowJob(env), passkeyRemindersJob(env)];
  return startJobs(env, [housekeepingJob(env), ...reminders, bulkJob(env), ...deliveries]);
}

async function listenForMetrics({ host, metricsPort }: Config, { metrics }: Telemetry) {
  if (metrics === undefined || metricsPort === undefined) return undefined;
  const { serveMetrics } = await import('#telemetry/metrics-server.ts');
  return serveMetrics({ host, port: metricsPort }, metrics.render);
}
