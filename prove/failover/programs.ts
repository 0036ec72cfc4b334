import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { serverAccount } from '../../test/databases/cluster.ts';

/** The paths on Debian. */
const PROGRAMS = { patroni: '/usr/bin/patroni', etcd: '/usr/bin/etcd', haproxy: '/usr/sbin/haproxy' } as const;
const SERVERS = '/usr/lib/postgresql';
const OLDEST_SUPPORTED = 15;
const INSTALL = '"apt-get install --no-install-recommends patroni etcd-server haproxy postgresql"';

/** One line with what is missing on this machine for a Patroni cluster. Undefined if nothing is. */
export function missingForPatroni(): string | undefined {
  const missing = Object.entries(PROGRAMS).flatMap(([name, path]) => (existsSync(path) ? [] : [name]));
  if (oldestServer() === undefined) missing.push(`PostgreSQL ${OLDEST_SUPPORTED} or newer`);
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}; on Debian ${INSTALL}`;
}

/** The folder with the programs of the system's PostgreSQL: the oldest supported version. */
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

/** Patroni's settings section for the etcd API that is safe with the installed version. */
export function etcdSection(): EtcdSection {
  return sectionFor(spawnSync(PROGRAMS.patroni, ['--version'], { encoding: 'utf8' }).stdout);
}

type EtcdSection = 'etcd' | 'etcd3';

/**
 * Before 3.0.3, over the v3 API, a member that was frozen until its lock expired could overwrite the new leader's name
 * when it woke (https://github.com/patroni/patroni/pull/2689). Over the v2 API it never could.
 *
 * @param said the output of `patroni --version`
 */
export function sectionFor(said: string): EtcdSection {
  const [major = 0, minor = 0, patch = 0] = said.match(/\d+/g)?.map(Number) ?? [];
  return major > 3 || (major === 3 && (minor > 0 || patch >= 3)) ? 'etcd3' : 'etcd';
}

const lastActs = new Set<() => void>();
process.once('exit', () => {
  for (const act of lastActs) act();
});

/** Runs if the proof ends before its cleanup. Answers a function that cancels it. */
export function atExit(act: () => void): () => void {
  lastActs.add(act);
  return () => lastActs.delete(act);
}

/** Runs as the server's account, and at most as long as the proof. */
export function startProgram(name: keyof typeof PROGRAMS, args: readonly string[]): ChildProcess {
  const child = spawn(PROGRAMS[name], args, { cwd: '/', stdio: 'ignore', ...serverAccount() });
  child.once(
    'exit',
    atExit(() => child.kill('SIGKILL')),
  );
  child.unref();
  return child;
}

/** None of its own handlers runs. */
export async function killProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
