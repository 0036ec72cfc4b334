import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { loadConfig } from '#config.ts';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { type Env, openEnv } from '#env.ts';
import { type Cluster, startCluster } from '../../test/databases/cluster.ts';
import { PUBLIC_URL } from '../client.ts';
import { type Child, START, startChild, type Usage } from './child.ts';
import { cpuMsOfFamily } from './process-cpu.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

/** As operators run it: every change is on disk before the answer is sent. */
const DURABLE = [
  'fsync = on',
  'synchronous_commit = on',
  'full_page_writes = on',
  'shared_buffers = 512MB',
  'max_wal_size = 4GB',
];

/** One database, initially empty, and the settings of the process that works on it. */
export type Place = {
  readonly kind: DatabaseKind;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** CPU of the database server's processes. Undefined if it has none, or none that can be read. */
  databaseCpuMs(): number | undefined;
  /** Works on the database like the command line. PostgreSQL then refreshes its statistics. */
  change<T>(work: (env: Env) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
};

export async function openPlace(kind: DatabaseKind): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const cluster = kind === 'postgres' ? await startCluster(DURABLE) : undefined;
  const environment = {
    SALLYPORT_DATABASE_URL: cluster?.url('postgres') ?? `sqlite:${join(folder, 'bench.db')}`,
    SALLYPORT_KEYS: makeKeyText(randomBytes),
    SALLYPORT_PUBLIC_URL: PUBLIC_URL,
    // Everyone has their own address, as behind a proxy. No limit of the product is lifted.
    SALLYPORT_TRUSTED_PROXIES: '1',
    // bin/sallyport.mjs sets the same for the product.
    UV_THREADPOOL_SIZE: String(availableParallelism() + 2),
    NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
  };
  return {
    kind,
    folder,
    environment,
    databaseCpuMs: () => cpuMsOfServer(cluster),
    async change(work) {
      const config = loadConfig(environment, { root: folder });
      if ('problem' in config) throw new Error(config.problem);
      const env = await openEnv({ ...config, logLevel: 'fatal' }, { create: true });
      const done = await work(env);
      await env.db.close();
      if (cluster) await settle(cluster);
      return done;
    },
    async remove() {
      await cluster?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Does the server's background work now, so that it does not run during a measurement. */
async function settle(cluster: Cluster): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url('postgres') });
  await client.connect();
  await client.query('vacuum (analyze)');
  await client.query('checkpoint');
  await client.end();
}

function cpuMsOfServer(cluster: Cluster | undefined): number | undefined {
  const postmaster = cluster?.pid();
  return postmaster === undefined || process.platform !== 'linux' ? undefined : cpuMsOfFamily(postmaster);
}

export type Nodes = {
  readonly ports: readonly number[];
  /** The usage of each node. */
  usage(ask?: 'usage' | 'collect'): Promise<readonly Usage[]>;
  /** The errors and warnings that the nodes have logged, with their counts. */
  faults(): Map<string, number>;
};

/** Runs this many processes of the product on the database, and stops them after the work. */
export async function withNodes<T>(place: Place, count: number, work: (nodes: Nodes) => Promise<T>): Promise<T> {
  const logFile = join(place.folder, 'log');
  const log = openSync(logFile, 'a');
  const children: Child[] = [];
  try {
    for (let index = 0; index < count; index += 1) children.push(await startChild(START, place.environment, log));
    return await work({
      ports: children.map(({ port }) => port),
      usage: (ask = 'usage') => Promise.all(children.map((child) => child.usage(ask))),
      faults: () => faultsIn(logFile),
    });
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    closeSync(log);
  }
}

const WARN = 40;

function faultsIn(logFile: string): Map<string, number> {
  const faults = new Map<string, number>();
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    if (!line.startsWith('{')) continue;
    const { level, msg, err } = JSON.parse(line);
    if (level < WARN) continue;
    const text = err === undefined ? msg : `${msg}: ${err.message}`;
    faults.set(text, (faults.get(text) ?? 0) + 1);
  }
  return faults;
}
