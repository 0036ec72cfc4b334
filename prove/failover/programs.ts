import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { serverAccount } from '../../test/databases/cluster.ts';

/** Where Debian puts them. */
const PROGRAMS = { patroni: '/usr/bin/patroni', etcd: '/usr/bin/etcd', haproxy: '/usr/sbin/haproxy' } as const;
const SERVERS = '/usr/lib/postgresql';
const OLDEST_SUPPORTED = 15;
const INSTALL = '"apt-get install --no-install-recommends patroni etcd-server haproxy postgresql"';

/** Says in one line what a cluster under Patroni lacks here, or nothing. */
export function missingForPatroni(): string | undefined {
  const missing = Object.entries(PROGRAMS).flatMap(([name, path]) => (existsSync(path) ? [] : [name]));
  if (oldestServer() === undefined) missing.push(`PostgreSQL ${OLDEST_SUPPORTED} or newer`);
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}; on Debian ${INSTALL}`;
}

/** The folder with the programs of the system's PostgreSQL; of several the oldest that is supported. */
export function serverPrograms(): string {
  const version = oldestServer();
  if (version === undefined) throw new Error(missingForPatroni());
  return `${SERVERS}/${version}/bin`;
}

function oldestServer(): number | undefined {
  const versions = existsSync(SERVERS) ? readdirSync(SERVERS).map(Number) : [];
  const usable = versions.filter((one) => one >= OLDEST_SUPPORTED && existsSync(`${SERVERS}/${one}/bin/postgres`));
  return usable.sort((a, b) => a - b)[0];
}

/** The section of Patroni's settings for the API of etcd by which the installed one keeps its promise. */
export function etcdSection(): EtcdSection {
  return sectionFor(spawnSync(PROGRAMS.patroni, ['--version'], { encoding: 'utf8' }).stdout);
}

type EtcdSection = 'etcd' | 'etcd3';

/**
 * Before 3.0.3 one that was frozen until its lock had run out could write its name over the new leader's when it woke, by the third
 * API (https://github.com/patroni/patroni/pull/2689); by the second one it never did.
 *
 * @param said by `patroni --version`
 */
export function sectionFor(said: string): EtcdSection {
  const [major = 0, minor = 0, patch = 0] = said.match(/\d+/g)?.map(Number) ?? [];
  return major > 3 || (major === 3 && (minor > 0 || patch >= 3)) ? 'etcd3' : 'etcd';
}

const lastActs = new Set<() => void>();
process.once('exit', () => {
  for (const act of lastActs) act();
});

/** When the proof ends before it has cleaned up. Answers how to take that back. */
export function atExit(act: () => void): () => void {
  lastActs.add(act);
  return () => lastActs.delete(act);
}

/** Runs as the server's account, and no longer than the proof. */
export function startProgram(name: keyof typeof PROGRAMS, args: readonly string[]): ChildProcess {
  const child = spawn(PROGRAMS[name], args, { cwd: '/', stdio: 'ignore', ...serverAccount() });
  child.once(
    'exit',
    atExit(() => child.kill('SIGKILL')),
  );
  child.unref();
  return child;
}

/** No handler of its own runs. */
export async function killProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
