import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Env } from '#env.ts';
import { answers, type EventSignal, events, hashes, reads, refusedHashes, transactions } from '#signals.ts';
import { StorageUnavailable } from '#store/engine/database.ts';
import { addGauges } from './gauges.ts';
import { METRICS, type Metric } from './metrics-table.ts';

export type Metrics = {
  /** The text for Prometheus. */
  render(): Promise<string>;
  /** The same as data, to be added to the data of other processes. */
  collect(): Promise<object[]>;
  /** The metrics that remain valid after this process ends. After this call the environment is not read any more. */
  collectLast(): Promise<object[]>;
  /** Adds the gauges that read the environment at each scrape. */
  watch(env: Env): void;
};

/** Starts to count the work of this process until it ends. A process has only one registry. */
export function startMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  countRequests(registry);
  timeHashes(registry);
  timeDatabase(registry);
  return {
    render: () => registry.metrics(),
    collect: () => registry.getMetricsAsJSON(),
    collectLast: async () => {
      for (const { name, type } of Object.values(METRICS)) if (type === 'gauge') registry.removeSingleMetric(name);
      const all = await registry.getMetricsAsJSON();
      return all.filter(({ type }) => LASTING.includes(String(type)));
    },
    watch: (env) => addGauges(registry, env),
  };
}

const LASTING = ['counter', 'histogram'];

function countRequests(registry: Registry): void {
  const total = counter(registry, METRICS.requests);
  const seconds = histogram(registry, METRICS.requestSeconds);
  answers.listen(({ method, route, status, milliseconds }) => {
    total.inc({ method: METHODS.find((known) => known === method) ?? 'other', route, status });
    if (milliseconds !== undefined) seconds.observe({ route }, milliseconds / 1000);
  });
}

/** Node accepts about thirty methods. This server uses only these. */
const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

function timeHashes(registry: Registry): void {
  const seconds = histogram(registry, METRICS.hashSeconds);
  const waits = histogram(registry, METRICS.hashWaitSeconds);
  hashes.listen(({ milliseconds, waitMs }) => {
    seconds.observe(milliseconds / 1000);
    waits.observe(waitMs / 1000);
  });
  const refused = counter(registry, METRICS.hashRefused);
  refusedHashes.listen(() => refused.inc());
}

function timeDatabase(registry: Registry): void {
  const seconds = histogram(registry, METRICS.transactionSeconds);
  const countCommitted = countEvents(registry);
  transactions.listen(({ milliseconds, error, tx }) => {
    seconds.observe({ outcome: outcomeOf(error) }, milliseconds / 1000);
    if (error === undefined && tx !== undefined) countCommitted(tx);
  });
  const readSeconds = histogram(registry, METRICS.readSeconds);
  reads.listen(({ milliseconds, error }) => {
    if (error === undefined) readSeconds.observe(milliseconds / 1000);
  });
}

function outcomeOf(error: unknown): 'committed' | 'rolled_back' | 'failed' {
  if (error === undefined) return 'committed';
  return error instanceof StorageUnavailable ? 'failed' : 'rolled_back';
}

/** Counts the events of a transaction after its commit, because rolled-back events did not happen. */
function countEvents(registry: Registry): (tx: object) => void {
  const signIns = counter(registry, METRICS.signIns);
  const refusals = counter(registry, METRICS.refusals);
  // Each starts at 0, because a rate needs the zero before the first event.
  for (const outcome of Object.values(SIGN_IN_OUTCOMES)) signIns.inc({ outcome }, 0);
  const count = ({ action, outcome, reason }: EventSignal): void => {
    const signIn = SIGN_IN_OUTCOMES[action];
    if (signIn !== undefined) signIns.inc({ outcome: signIn });
    if (outcome === 'refusal') refusals.inc({ action, reason: reason ?? 'none' });
  };
  const waiting = new WeakMap<object, EventSignal[]>();
  events.listen((event) => {
    if (event.tx === undefined) return count(event);
    const ofThis = waiting.get(event.tx);
    if (ofThis === undefined) waiting.set(event.tx, [event]);
    else ofThis.push(event);
  });
  return (tx) => {
    for (const event of waiting.get(tx) ?? []) count(event);
  };
}

const SIGN_IN_OUTCOMES: Readonly<Record<string, string>> = {
  'sign_in.completed': 'completed',
  'sign_in.password_refused': 'password_refused',
  'sign_in.code_refused': 'code_refused',
  'recovery_code.refused': 'recovery_code_refused',
};

function counter(registry: Registry, { name, help, labels = [] }: Metric): Counter {
  return new Counter({ name, help, labelNames: [...labels], registers: [registry] });
}

function histogram(registry: Registry, { name, help, labels = [], buckets = [] }: Metric): Histogram {
  return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
}
