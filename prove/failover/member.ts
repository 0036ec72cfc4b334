import type { ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Address, openAddress } from '../../test/databases/address.ts';
import { freePort, serverAccount } from '../../test/databases/cluster.ts';
import { signalAll } from '../database.ts';
import { atExit, etcdSection, killProgram, serverPrograms, startProgram } from './programs.ts';

/** One Patroni and its PostgreSQL. */
export type Member = Awaited<ReturnType<typeof openMember>>;

/** The values that all members of one cluster share. */
export type Shared = {
  readonly folder: string;
  readonly etcdPort: number;
  /** The settings that Patroni stores in etcd at the first start. */
  readonly settings: Readonly<Record<string, unknown>>;
};

type Ports = { readonly server: number; readonly api: number };

const HOST = '127.0.0.1';
const API_MS = 1_000;

export async function openMember(name: string, { folder, etcdPort, settings }: Shared) {
  const data = join(folder, name);
  const ports: Ports = { server: await freePort(), api: await freePort() };
  // The paths to etcd and, for the other members, to its PostgreSQL. Both can be cut.
  const toEtcd = await openAddress();
  const toServer = await openAddress();
  const file = join(folder, `${name}.yaml`);
  // All JSON is valid YAML.
  writeFileSync(file, JSON.stringify(configOf(name, data, ports, { toEtcd, toServer, settings })));
  const { forget, ...processes } = processesOf(file, data);

  const connect = (): void => {
    toEtcd.leadTo(etcdPort);
    toServer.leadTo(ports.server);
  };
  connect();

  return {
    name,
    ports,
    url: (database: string) => `postgres://postgres@${HOST}:${ports.server}/${database}`,
    ...processes,
    cutEtcd: toEtcd.cut,
    cutReplication: toServer.cut,
    connect,
    /** The answer of Patroni's REST API. Undefined if it does not respond. */
    ask: (path: string, body?: object) => askApi(ports.api, path, body),
    async close() {
      forget();
      await toEtcd.close();
      await toServer.close();
    },
  };
}

/** Patroni with this settings file, and its PostgreSQL in this folder. */
function processesOf(file: string, data: string) {
  let patroni: ChildProcess | undefined;
  const signalServer = (signal: NodeJS.Signals): void => signalAll(pidIn(data), signal);
  return {
    start() {
      patroni = startProgram('patroni', [file]);
    },
    async killPatroni() {
      if (patroni !== undefined) await killProgram(patroni);
    },
    /** Kills every process of its PostgreSQL. */
    async killServer() {
      signalServer('SIGSTOP');
      signalServer('SIGKILL');
      // The shared memory disappears with the last process.
      await wait(200);
    },
    signalPatroni: (signal: NodeJS.Signals) => patroni?.kill(signal),
    signalServer,
    forget: atExit(() => signalServer('SIGKILL')),
  };
}

/** The pid of the first process of the server that runs, or was killed, in this folder. */
function pidIn(data: string): number | undefined {
  const note = join(data, 'postmaster.pid');
  const pid = existsSync(note) ? Number.parseInt(readFileSync(note, 'utf8'), 10) : Number.NaN;
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

type Around = { readonly toEtcd: Address; readonly toServer: Address; readonly settings: Shared['settings'] };

function configOf(name: string, data: string, { server, api }: Ports, { toEtcd, toServer, settings }: Around): object {
  const everybody = `${HOST}/32`;
  return {
    scope: 'portal',
    name,
    log: { level: 'INFO', dir: logFolder(`${data}-log`) },
    restapi: { listen: `${HOST}:${api}`, connect_address: `${HOST}:${api}` },
    // As a proxy, because otherwise Patroni asks etcd for a better address.
    [etcdSection()]: { host: `${HOST}:${toEtcd.port}`, use_proxies: true },
    bootstrap: { dcs: settings, initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, { auth: 'trust' }, 'no-sync'] },
    watchdog: { mode: 'off' },
    postgresql: {
      listen: `${HOST}:${server}`,
      connect_address: `${HOST}:${toServer.port}`,
      data_dir: data,
      bin_dir: serverPrograms(),
      pgpass: `${data}.pgpass`,
      authentication: { superuser: { username: 'postgres' }, replication: { username: 'postgres' } },
      pg_hba: [`host all all ${everybody} trust`, `host replication all ${everybody} trust`],
      basebackup: [{ checkpoint: 'fast' }, 'no-sync'],
      remove_data_directory_on_diverged_timelines: true,
    },
  };
}

function logFolder(path: string): string {
  mkdirSync(path);
  const account = serverAccount();
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  return path;
}

async function askApi(port: number, path: string, body?: object) {
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  try {
    const signal = AbortSignal.timeout(body === undefined ? API_MS : 30 * API_MS);
    const answer = await fetch(`http://${HOST}:${port}${path}`, { ...post, signal });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return undefined;
  }
}
