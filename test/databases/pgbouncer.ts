import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, serverAccount, untilAnswers } from './cluster.ts';

export type Bouncer = {
  /** The same databases through the pooler. */
  url(database: string): string;
  remove(): Promise<void>;
};

const PROGRAM = '/usr/sbin/pgbouncer';

/** Why PgBouncer is not available here, in one line, or undefined. On Debian root installs it from the distribution. */
export function makeBouncerReady(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const missing = 'PgBouncer is missing: "apt-get install pgbouncer"';
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'pgbouncer']]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { encoding: 'utf8', env });
    if (status !== 0) return `${missing}; apt-get ${args[0]} failed: ${(stderr ?? '').trim().split('\n').at(-1)}`;
  }
  return existsSync(PROGRAM) ? undefined : missing;
}

/**
 * A PgBouncer in transaction mode before a server: clients share its connections between transactions.
 *
 * @param connections to each database, for any number of clients
 */
export async function startBouncer(server: string, connections: number): Promise<Bouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const { hostname, port: serverPort, username } = new URL(server);
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${username}" ""\n`);
  const settings = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${serverPort} user=${username}`,
    '[pgbouncer]',
    ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir ='],
    ...['auth_type = any', `auth_file = ${users}`, 'pool_mode = transaction'],
    ...[`default_pool_size = ${connections}`, 'max_client_conn = 1000'],
  ];
  writeFileSync(settings, `${lines.join('\n')}\n`);
  // Like PostgreSQL, it refuses to run as root.
  const bouncer = spawn(PROGRAM, ['-q', settings], { cwd: '/', stdio: 'ignore', ...serverAccount() });
  process.once('exit', () => bouncer.kill('SIGKILL'));
  const url = (database: string) => `postgres://${username}@127.0.0.1:${port}/${database}`;
  await untilAnswers(url('postgres'), bouncer);
  return { url, remove: () => removeBouncer(bouncer, folder) };
}

async function removeBouncer(bouncer: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => bouncer.once('exit', resolve));
  if (bouncer.exitCode === null && bouncer.kill('SIGKILL')) await ended;
  rmSync(folder, { recursive: true, force: true });
}
