/** One metric, as declared, registered and documented. */
export type Metric = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Each label has only a few values, all known to the code: never a person, an address or a path. */
  readonly labels?: readonly string[];
  readonly help: string;
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
};

/** From a cached page to the maximum duration of a request. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
/** A hash takes about 20 ms. The queue refuses jobs after ten seconds. */
const HASH_BUCKETS = [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24];
/** From one statement in memory to a lock held for five seconds. */
const DATABASE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

/** Every metric beside those of the process. The registry, `docs/operate/metrics.md` and a test use this table. */
export const METRICS = {
  requests: {
    name: 'sallyport_http_requests_total',
    type: 'counter',
    labels: ['method', 'route', 'status'],
    help: 'Answered requests by route pattern; `none` where no route was asked for.',
  },
  requestSeconds: {
    name: 'sallyport_http_request_duration_seconds',
    type: 'histogram',
    labels: ['route'],
    help: 'From the request to its answer.',
    buckets: REQUEST_BUCKETS,
  },
  signIns: {
    name: 'sallyport_sign_ins_total',
    type: 'counter',
    labels: ['outcome'],
    help: '`completed`, or the step that refused: `password_refused`, `code_refused`, `recovery_code_refused`.',
  },
  refusals: {
    name: 'sallyport_refusals_total',
    type: 'counter',
    labels: ['action', 'reason'],
    help: 'Refusals in the audit log, by action and reason.',
  },
  hashSeconds: {
    name: 'sallyport_hash_duration_seconds',
    type: 'histogram',
    help: 'One password hash; ten recovery codes are one.',
    buckets: HASH_BUCKETS,
  },
  hashWaitSeconds: {
    name: 'sallyport_hash_wait_seconds',
    type: 'histogram',
    help: 'From the request for a hash to its beginning: the wait in the queue.',
    buckets: HASH_BUCKETS,
  },
  hashRefused: {
    name: 'sallyport_hash_refused_total',
    type: 'counter',
    help: 'Jobs refused with 503 because the queue was longer than ten seconds.',
  },
  hashQueue: {
    name: 'sallyport_hash_queue_length',
    type: 'gauge',
    help: 'Jobs that wait for a hash now.',
  },
  transactionSeconds: {
    name: 'sallyport_database_transaction_duration_seconds',
    type: 'histogram',
    labels: ['outcome'],
    help: 'A transaction with its wait and its commit: `committed`, `rolled_back` (a refusal or a bug) or `failed` (storage).',
    buckets: DATABASE_BUCKETS,
  },
  readSeconds: {
    name: 'sallyport_database_read_duration_seconds',
    type: 'histogram',
    help: 'A statement outside a transaction.',
    buckets: DATABASE_BUCKETS,
  },
  pool: {
    name: 'sallyport_database_pool_connections',
    type: 'gauge',
    labels: ['state'],
    help: 'Connections of the pool, `busy` and `idle`; PostgreSQL only.',
  },
  poolWaiting: {
    name: 'sallyport_database_pool_waiting',
    type: 'gauge',
    help: 'Callers that wait for a connection; PostgreSQL only.',
  },
  outbox: {
    name: 'sallyport_outbox_messages',
    type: 'gauge',
    help: 'Email that is not sent yet.',
  },
  outboxAge: {
    name: 'sallyport_outbox_age_seconds',
    type: 'gauge',
    help: 'Age of the oldest email that is not sent; 0 when there is none.',
  },
  auditTail: {
    name: 'sallyport_audit_unsealed_events',
    type: 'gauge',
    help: 'Events that no batch of the audit log holds yet.',
  },
  auditTailAge: {
    name: 'sallyport_audit_unsealed_age_seconds',
    type: 'gauge',
    help: 'Age of the oldest of them; 0 when there is none. More than a few seconds: sealing fails.',
  },
  auditSealed: {
    name: 'sallyport_audit_last_sealed_timestamp_seconds',
    type: 'gauge',
    help: 'When the newest batch was sealed.',
  },
  sessions: {
    name: 'sallyport_sessions',
    type: 'gauge',
    help: 'Sessions before their absolute end, counted at most once a minute.',
  },
} as const satisfies Record<string, Metric>;

/** The table of `docs/operate/metrics.md`. */
export function metricsDocument(): string {
  const rows = Object.values(METRICS).map(({ name, type, help, ...more }: Metric) => {
    const labels = (more.labels ?? []).map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  return ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}
