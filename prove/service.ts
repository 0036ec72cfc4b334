import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/databases/cluster.ts';
import { ORIGIN } from '../test/world.ts';
import { type DatabaseKind, openStorage, type Storage } from './database.ts';
import { openReplicated, type Pair, type Replication } from './failover/pair.ts';
import { openPatroni, type Patroni } from './failover/patroni.ts';
import { missingForPatroni } from './failover/programs.ts';
import { type Arrival, forward, type Patience } from './forward.ts';
import type { Breakage, Tuning } from './patches.ts';
import { type Disk, hasCompiler, openDisk } from './power-cut/disk.ts';
import { type Environment, killNode, type Node, runCommand, startNode } from './process.ts';

const PRELOAD = ['--import', new URL('./preload.ts', import.meta.url).href];
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

/** Primary and standby, or a cluster under Patroni, where the options ask for one. */
type OpenStorage = Storage & { readonly pair?: Pair; readonly patroni?: Patroni };

export type Service = Awaited<ReturnType<typeof openService>>;

/** A service: one or more processes over one database, as operators run them, with nothing of the proof in their code. */
export async function openService(options: Options) {
  const { database, nodes: count = 1, onDisk = false, breakage, tuning, databaseSettings, replication } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-proof-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const open = options.underPatroni ? openPatroni : openReplicated;
  const storage: OpenStorage = replication
    ? await open(replication)
    : await openStorage(database, data, databaseSettings);
  const disk: Disk | undefined = onDisk && storage.file !== undefined ? openDisk(storage.file, folder) : undefined;
  const settings = {
    ...storage.environment,
    SALLYPORT_PUBLIC_URL: ORIGIN,
    SALLYPORT_LOG_LEVEL: 'fatal',
    // Everybody comes from an address of their own: what is counted by address is not under test here.
    SALLYPORT_TRUSTED_PROXIES: '1',
  };
  const { PATH } = process.env;
  const failpointFile = join(folder, 'failpoint');
  const clockFile = join(folder, 'clock');
  let aheadSeconds = 0;
  const environment: Environment = {
    PATH,
    PROVE_FAILPOINT_FILE: failpointFile,
    PROVE_CLOCK_FILE: clockFile,
    ...settings,
    ...disk?.environment,
    ...(breakage && { PROVE_BREAKAGE: breakage }),
    ...(tuning && { PROVE_TUNING: tuning }),
  };
  const ports: number[] = [];
  const nodes: (Node | undefined)[] = Array.from({ length: count }, () => undefined);
  let turn = 0;
  let patience: () => Patience = () => ({});

  const running = (): readonly Node[] => nodes.filter((node) => node !== undefined);

  /** Every node that does not run. */
  async function start(): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      if (node?.isAlive()) continue;
      // Another one each time: while a node is dead its port may become somebody else's.
      const port = await freePort();
      ports[index] = port;
      nodes[index] = startNode({ ...environment, PORT: String(port) }, PRELOAD);
    }
    await Promise.all(running().map(({ ready }) => ready));
  }

  async function kill(): Promise<void> {
    await Promise.all(running().map(killNode));
  }

  return {
    folder,
    storage,
    disk,
    /** What the runner itself needs to open the same database and the same keys. */
    settings,
    start,
    kill,
    nodes: running,
    /** From now on every node kills itself on its `hits`-th way through that failpoint. */
    armFailpoint: (name: string, hits: number) => writeFileSync(failpointFile, `${name} ${hits}`),
    disarmFailpoint: () => rmSync(failpointFile, { force: true }),
    /** By how much the clock of every node is ahead from now on; below 0 behind. The phones of people go with it. */
    setClock(seconds: number) {
      aheadSeconds = seconds;
      writeFileSync(clockFile, String(seconds));
    },
    aheadSeconds: () => aheadSeconds,
    /** How each exchange may end; asked for each one. */
    setPatience(next: () => Patience) {
      patience = next;
    },
    /** To the nodes in turn. */
    fetch(sent: Request, arrival?: Arrival): Promise<Response> {
      turn += 1;
      return forward(ports[turn % count] ?? 0, sent, arrival, { timeoutMs: ANSWER_MS, ...patience() });
    },
    /** The command line, beside the server or alone. */
    command: (args: readonly string[]) => runCommand(environment, args, { nodeOptions: PRELOAD }),
    async close() {
      await kill();
      await storage.close?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
