import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/databases/cluster.ts';
import { ORIGIN } from '../test/world.ts';
import { openStorage } from './database.ts';
import type { Replication } from './failover/losses.ts';
import { openReplicated } from './failover/pair.ts';
import { openPatroni } from './failover/patroni.ts';
import { missingForPatroni } from './failover/programs.ts';
import { type Arrival, forward, type Patience } from './forward.ts';
import type { Failpoint } from './hooks/failpoint.ts';
import type { Breakage, Tuning } from './hooks/hooks.ts';
import { type Disk, hasCompiler, openDisk } from './power-cut/disk.ts';
import { type Environment, killNode, type Node, runCommand, startNode } from './process.ts';
import type { DatabaseKind, Storage } from './storage.ts';

const PRELOAD = ['--import', new URL('./hooks/preload.ts', import.meta.url).href];
/** Longer than any answer takes on a busy machine. */
const ANSWER_MS = 60_000;

export type Options = {
  readonly database: DatabaseKind;
  readonly nodes?: number;
  /** Puts the forgetful disk under the database. */
  readonly onDisk?: boolean;
  readonly breakage?: Breakage | undefined;
  readonly tuning?: Tuning | undefined;
  /** Only for this database (PostgreSQL). */
  readonly databaseSettings?: Readonly<Record<string, string>>;
  /** A primary and a standby behind one address, and what a COMMIT waits for. */
  readonly replication?: Replication;
  /** Patroni, etcd and HAProxy do the failover, not the proof itself. */
  readonly underPatroni?: boolean;
};

/** One line with what such a service lacks on this machine. Undefined if nothing is missing. */
export function missingFor({ onDisk, underPatroni }: Options): string | undefined {
  if (onDisk && !hasCompiler()) return 'gcc is missing, and the disk that forgets needs it';
  return underPatroni ? missingForPatroni() : undefined;
}

export type Service = Awaited<ReturnType<typeof openService>>;

/** A service: one or more processes on one database, as operators run them, without proof code in the product. */
export async function openService(options: Options) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-proof-'));
  const storage = await storageFor(options, folder);
  const disk: Disk | undefined =
    options.onDisk && storage.file !== undefined ? openDisk(storage.file, folder) : undefined;
  /** The runner uses these to open the same database with the same keys. */
  const settings = {
    ...storage.environment,
    SALLYPORT_PUBLIC_URL: ORIGIN,
    SALLYPORT_LOG_LEVEL: 'fatal',
    // Everyone has their own address, because the limits per address are not under test here.
    SALLYPORT_TRUSTED_PROXIES: '1',
  };
  const { environment: files, ...controls } = controlsIn(folder);
  const { PATH } = process.env;
  const environment = { PATH, ...settings, ...files, ...disk?.environment, ...changesOf(options) };
  const nodes = nodesOf(environment, options.nodes ?? 1);
  return {
    ...{ folder, storage, disk, settings },
    ...nodes,
    ...controls,
    /** The command line, beside the server or alone. */
    command: (args: readonly string[]) => runCommand(environment, args, { nodeOptions: PRELOAD }),
    async close() {
      await nodes.kill();
      await storage.close?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function storageFor(
  { database, databaseSettings, replication, underPatroni }: Options,
  folder: string,
): Promise<Storage> {
  if (replication !== undefined) return underPatroni ? openPatroni(replication) : openReplicated(replication);
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  return openStorage(database, data, databaseSettings);
}

function changesOf({ breakage, tuning }: Options): Environment {
  return { ...(breakage && { PROVE_BREAKAGE: breakage }), ...(tuning && { PROVE_TUNING: tuning }) };
}

/** Files that every node reads while it runs. */
function controlsIn(folder: string) {
  const failpointFile = join(folder, 'failpoint');
  const clockFile = join(folder, 'clock');
  let aheadSeconds = 0;
  return {
    environment: { PROVE_FAILPOINT_FILE: failpointFile, PROVE_CLOCK_FILE: clockFile },
    /** From now on every node kills itself at its `hits`-th pass of that failpoint. */
    armFailpoint: (name: Failpoint, hits: number) => writeFileSync(failpointFile, `${name} ${hits}`),
    disarmFailpoint: () => rmSync(failpointFile, { force: true }),
    /** Sets how far the clock of every node is ahead, or behind if negative. People's phones have the same clock. */
    setClock(seconds: number) {
      aheadSeconds = seconds;
      writeFileSync(clockFile, String(seconds));
    },
    aheadSeconds: () => aheadSeconds,
  };
}

/** The processes, and how to reach them. */
function nodesOf(environment: Environment, count: number) {
  const ports: number[] = [];
  const nodes: (Node | undefined)[] = Array.from({ length: count }, () => undefined);
  let turn = 0;
  let patience: () => Patience = () => ({});
  const running = (): readonly Node[] => nodes.filter((node) => node !== undefined);
  return {
    /** Starts every node that does not run. */
    async start(): Promise<void> {
      for (const [index, node] of nodes.entries()) {
        if (node?.isAlive()) continue;
        // A new port each time, because another program may have taken the old one.
        const port = await freePort();
        ports[index] = port;
        nodes[index] = startNode({ ...environment, PORT: String(port) }, PRELOAD);
      }
      await Promise.all(running().map(({ ready }) => ready));
    },
    async kill(): Promise<void> {
      await Promise.all(running().map(killNode));
    },
    nodes: running,
    /** How an exchange may be aborted. Called for each one. */
    setPatience(next: () => Patience) {
      patience = next;
    },
    /** Sends requests to the nodes in turn. */
    fetch(sent: Request, arrival?: Arrival): Promise<Response> {
      turn += 1;
      return forward(ports[turn % count] ?? 0, sent, arrival, { timeoutMs: ANSWER_MS, ...patience() });
    },
  };
}
