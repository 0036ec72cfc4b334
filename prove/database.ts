import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type Cluster, startCluster } from '../test/databases/cluster.ts';
import type { DatabaseKind, DatabaseServer, Row, Storage } from './storage.ts';

/**
 * Creates the place for a new database.
 *
 * @param folder an empty one
 * @param settings only for this database (PostgreSQL)
 */
export async function openStorage(
  kind: DatabaseKind,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Storage> {
  switch (kind) {
    case 'sqlite':
      return sqliteStorage(join(folder, 'sallyport.db'));
    case 'postgres':
      return postgresStorage(`proof_${randomBytes(6).toString('hex')}`, settings);
  }
}

function sqliteStorage(file: string): Storage {
  function rowsOf(sql: string): readonly Row[] {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }
  return {
    kind: 'sqlite',
    file,
    environment: { SALLYPORT_DATABASE_URL: `sqlite:${file}` },
    rows: async (sql) => rowsOf(sql),
    async damage() {
      const checks = [...rowsOf('pragma integrity_check'), ...rowsOf('pragma foreign_key_check')];
      return checks.map((row) => Object.values(row).join(' ')).filter((line) => line !== 'ok');
    },
    server: undefined,
  };
}

/**
 * PostgreSQL's defaults, which sync at every COMMIT. Only the background WAL writer is slow, so that
 * `synchronous_commit = off` really loses what it may lose.
 */
const SETTINGS = [
  'wal_writer_delay = 10s',
  // After a crash PostgreSQL syncs every file of every database of the proof: one by one, or all at once.
  'recovery_init_sync_method = syncfs',
];

let cluster: Promise<Cluster> | undefined;

async function postgresStorage(name: string, settings: Readonly<Record<string, string>>): Promise<Storage> {
  cluster ??= startCluster(SETTINGS);
  const running = await cluster;
  await query(running.url('postgres'), `create database ${name}`);
  for (const [setting, value] of Object.entries(settings)) {
    await query(running.url('postgres'), `alter database ${name} set ${setting} = '${value}'`);
  }
  return {
    kind: 'postgres',
    file: undefined,
    environment: {
      SALLYPORT_DATABASE_URL: running.url(name),
      SALLYPORT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    },
    rows: (sql) => query(running.url(name), sql),
    damage: async () => [],
    server: serverOf(running),
  };
}

/** All processes of one server. */
export function serverOf(running: Cluster): DatabaseServer {
  const signal = (name: NodeJS.Signals): void => signalAll(running.pid(), name);
  return {
    signal,
    async kill() {
      // Stopped first, because it restarts children that die.
      signal('SIGSTOP');
      signal('SIGKILL');
      await running.stop('SIGKILL');
      // The shared memory disappears with the last process.
      await wait(200);
    },
    start: () => running.start(),
  };
}

/** Signals the first process of a server and its children. */
export function signalAll(first: number | undefined, signal: NodeJS.Signals): void {
  if (first === undefined) return;
  const list = `/proc/${first}/task/${first}/children`;
  const children = existsSync(list) ? readFileSync(list, 'utf8').split(' ').filter(Boolean).map(Number) : [];
  for (const pid of [first, ...children]) send(pid, signal);
}

/** Signals every child that still runs. One may exit while the list is read. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function query(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** After the last service: stops the server that all of them shared. */
export async function closeServers(): Promise<void> {
  await (await cluster)?.remove();
  cluster = undefined;
}
