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
/** Longer than anything takes on a machine that is busy with other things. */
const ANSWER_MS = 60_000;

export type Options = {
  readonly database: DatabaseKind;
  readonly nodes?: number;
  /** Puts the disk that forgets under the database. */
  readonly onDisk?: boolean;
  readonly breakage?: Breakage | undefined;
  readonly tuning?: Tuning | undefined;
  /** Of the database alone (PostgreSQL). */
  readonly databaseSettings?: Readonly<Record<string, string>>;
  /** A primary and a standby behind one address, and what a COMMIT waits for. */
  readonly replication?: Replication;
  /** With Patroni, etcd and HAProxy to fail over, in the place of the proof itself. */
  readonly underPatroni?: boolean;
};

/** Says in one line what such a service lacks on this machine, or nothing. */
export function missingFor({ onDisk, underPatroni }: Options): string | undefined {
  if (onDisk && !hasCompiler()) return 'gcc is missing, and the disk that forgets needs it';
  return underPatroni ? missingForPatroni() : undefined;
}

export type Service = Awaited<ReturnType<typeof openService>>;

/** A service: one or more processes over one database, as operators run them, with nothing of the proof in their code. */
export async function openService(options: Options) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-proof-'));
  const storage = await storageFor(options, folder);
  const disk: Disk | undefined =
    options.onDisk && storage.file !== undefined ? openDisk(storage.file, folder) : undefined;
  /** What the runner itself needs to open the same database and the same keys. */
  const settings = {
    ...storage.environment,
    SALLYPORT_PUBLIC_URL: ORIGIN,
    SALLYPORT_LOG_LEVEL: 'fatal',
    // Everybody comes from an address of their own: what is counted by address is not under test here.
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

/** What every node reads in files while it runs. */
function controlsIn(folder: string) {
  const failpointFile = join(folder, 'failpoint');
  const clockFile = join(folder, 'clock');
  let aheadSeconds = 0;
  return {
    environment: { PROVE_FAILPOINT_FILE: failpointFile, PROVE_CLOCK_FILE: clockFile },
    /** From now on every node kills itself on its `hits`-th way through that failpoint. */
    armFailpoint: (name: Failpoint, hits: number) => writeFileSync(failpointFile, `${name} ${hits}`),
    disarmFailpoint: () => rmSync(failpointFile, { force: true }),
    /** By how much the clock of every node is ahead from now on; below 0 behind. The phones of people go with it. */
    setClock(seconds: number) {
      aheadSeconds = seconds;
      writeFileSync(clockFile, String(seconds));
    },
    aheadSeconds: () => aheadSeconds,
  };
}

/** The processes, and the way to them. */
function nodesOf(environment: Environment, count: number) {
  const ports: number[] = [];
  const nodes: (Node | undefined)[] = Array.from({ length: count }, () => undefined);
  let turn = 0;
  let patience: () => Patience = () => ({});
  const running = (): readonly Node[] => nodes.filter((node) => node !== undefined);
  return {
    /** Every node that does not run. */
    async start(): Promise<void> {
      for (const [index, node] of nodes.entries()) {
        if (node?.isAlive()) continue;
        // Another one each time: while a node is dead its port may become somebody else's.
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
    /** How each exchange may end; asked for each one. */
    setPatience(next: () => Patience) {
      patience = next;
    },
    /** To the nodes in turn. */
    fetch(sent: Request, arrival?: Arrival): Promise<Response> {
      turn += 1;
      return forward(ports[turn % count] ?? 0, sent, arrival, { timeoutMs: ANSWER_MS, ...patience() });
    },
  };
}
