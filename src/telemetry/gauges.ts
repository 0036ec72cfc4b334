import { Gauge, type Registry } from 'prom-client';
import type { Env } from '#env.ts';
import { countAuditTail } from '#store/audit/tail.ts';
import { countSessions, countUnsentMail, findLastSealedAt, findOldestUnsealedAt } from '#store/operations/vitals.ts';
import { METRICS, type Metric } from './metrics-table.ts';

// Counting scans an index of every session: tens of milliseconds for a million, in which an embedded database blocks.
const SESSIONS_EVERY_SECONDS = 60;

type Sample = { readonly value: number | undefined; readonly labels?: Readonly<Record<string, string>> };

/** Adds the gauges. All processes of a machine report the same database values, so the largest is used. */
export function addGauges(registry: Registry, env: Env): void {
  const { db, hasher, now } = env;
  const gauge = ({ name, help, labels = [] }: Metric, aggregator: 'sum' | 'max', ask: () => Promise<Sample[]>) =>
    new Gauge({
      name,
      help,
      aggregator,
      labelNames: [...labels],
      registers: [registry],
      async collect() {
        for (const sample of await askOrLog(env, name, ask)) show(this, sample);
      },
    });
  const age = (at: number | undefined) => (at === undefined ? 0 : Math.max(0, now() - at));
  const sessions = atMostEvery(SESSIONS_EVERY_SECONDS, now, () => countSessions(db.read, now()));
  gauge(METRICS.hashQueue, 'sum', async () => [{ value: hasher.queueDepth() }]);
  gauge(METRICS.outbox, 'max', async () => [{ value: (await countUnsentMail(db.read)).count }]);
  gauge(METRICS.outboxAge, 'max', async () => [{ value: age((await countUnsentMail(db.read)).oldestAt) }]);
  gauge(METRICS.auditTail, 'max', async () => [{ value: await countAuditTail(db.read) }]);
  gauge(METRICS.auditTailAge, 'max', async () => [{ value: age(await findOldestUnsealedAt(db.read)) }]);
  gauge(METRICS.auditSealed, 'max', async () => [{ value: await findLastSealedAt(db.read) }]);
  gauge(METRICS.sessions, 'max', async () => [{ value: await sessions() }]);
  if (db.pool === undefined) return;
  const { pool } = db;
  gauge(METRICS.pool, 'sum', async () => [
    { labels: { state: 'busy' }, value: pool().total - pool().idle },
    { labels: { state: 'idle' }, value: pool().idle },
  ]);
  gauge(METRICS.poolWaiting, 'sum', async () => [{ value: pool().waiting }]);
}

/** If the database is unavailable, the other metrics are still reported, and this one is absent instead of outdated. */
async function askOrLog({ log }: Env, name: string, ask: () => Promise<Sample[]>): Promise<Sample[]> {
  try {
    return await ask();
  } catch (error) {
    log.warn({ err: error, metric: name }, 'a metric could not be asked');
    return [{ value: undefined }];
  }
}

function show(gauge: Gauge, { value, labels = {} }: Sample): void {
  if (value === undefined) gauge.remove(labels);
  else gauge.set(labels, value);
}

function atMostEvery<T>(seconds: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly at: number; readonly value: T } | undefined;
  return async () => {
    if (known === undefined || now() >= known.at + seconds) known = { at: now(), value: await ask() };
    return known.value;
  };
}
