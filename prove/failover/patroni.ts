import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, serverAccount } from '../../test/databases/cluster.ts';
import { ask, until } from '../../test/databases/own.ts';
import type { Chance } from '../random.ts';
import type { Storage } from '../storage.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { LEADER_LOSSES, type LeaderLoss, type Patroni, type Replication } from './losses.ts';
import { type Member, openMember } from './member.ts';
import { etcdSection, killProgram, startProgram } from './programs.ts';
import { assertStuck, NOTES } from './stuck.ts';

const DATABASE = 'portal';
const NAMES = ['ada', 'bob', 'eve'];
/**
 * Patroni recommends 30, 10 and 10. Here a failover must take seconds. `ttl` is at least `loop_wait + 2 *
 * retry_timeout`.
 */
const TIMES = { ttl: 10, loop_wait: 1, retry_timeout: 4 };
/** Enough for a new base copy on a busy machine. */
const PATIENCE_SECONDS = 180;
/** The defaults: an acknowledged change is on disk. */
const DURABLE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };
const SERVER = { max_connections: 400, shared_buffers: '64MB', unix_socket_directories: '' };

/** A PostgreSQL cluster managed by Patroni, with etcd for consensus and HAProxy in front. */
export async function openPatroni(replication: Replication): Promise<Storage & { readonly patroni: Patroni }> {
  const folder = ownFolder();
  const etcdPort = await freePort();
  const etcd = startEtcd(folder, etcdPort, await freePort());
  const settings = settingsFor(replication);
  const members = await Promise.all(NAMES.map((name) => openMember(name, { folder, etcdPort, settings })));
  const balancer = await startBalancer(folder, members);
  for (const member of members) member.start();
  const cluster = clusterOf(members, balancer, replication);
  const leader = await cluster.untilWhole();
  await ask(leader.url('postgres'), `create database ${DATABASE}`);
  await ask(leader.url('postgres'), NOTES);
  return {
    kind: 'postgres',
    file: undefined,
    environment: {
      SALLYPORT_DATABASE_URL: `postgres://postgres@127.0.0.1:${balancer.port}/${DATABASE}`,
      SALLYPORT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    },
    rows: async (sql) => ask((await cluster.untilWhole()).url(DATABASE), sql),
    damage: async () => [],
    server: undefined,
    patroni: losing(cluster, members),
    close: () => closeAll(folder, etcd, balancer, members),
  };
}

function settingsFor(replication: Replication): Readonly<Record<string, unknown>> {
  const isSynchronous = replication === 'synchronous';
  return {
    ...TIMES,
    synchronous_mode: isSynchronous,
    synchronous_mode_strict: isSynchronous,
    // No standby is too far behind to lead, so only the synchronous mode can stop one that lacks changes.
    maximum_lag_on_failover: 2 ** 40,
    postgresql: { use_pg_rewind: true, parameters: { ...DURABLE, ...SERVER } },
  };
}

/** PostgreSQL and etcd run in it. If the proof runs as root, they use another account. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-patroni-'));
  const account = serverAccount();
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** One member is enough, because etcd is not under test. */
function startEtcd(folder: string, port: number, peerPort: number): ChildProcess {
  const [own, peer] = [port, peerPort].map((one) => `http://127.0.0.1:${one}`);
  return startProgram('etcd', [
    ...['--name', 'only', '--data-dir', join(folder, 'etcd'), '--log-level', 'error'],
    ...['--listen-client-urls', `${own}`, '--advertise-client-urls', `${own}`],
    ...['--listen-peer-urls', `${peer}`, '--initial-advertise-peer-urls', `${peer}`],
    ...['--initial-cluster', `only=${peer}`, ...(etcdSection() === 'etcd' ? ['--enable-v2'] : [])],
  ]);
}

async function closeAll(folder: string, etcd: ChildProcess, balancer: Balancer, members: readonly Member[]) {
  await balancer.close();
  await Promise.all(members.map((member) => member.killPatroni()));
  await Promise.all(members.map((member) => member.killServer()));
  await Promise.all(members.map((member) => member.close()));
  await killProgram(etcd);
  rmSync(folder, { recursive: true, force: true });
}

type Cluster = ReturnType<typeof clusterOf>;

/** The leader, according to the members and to the address in front of them. */
function clusterOf(members: readonly Member[], balancer: Balancer, replication: Replication) {
  const leader = async (): Promise<Member | undefined> => {
    const answers = await Promise.all(
      members.map(async (member) => ({ member, answer: await member.ask('/primary') })),
    );
    return answers.find(({ answer }) => answer?.status === 200)?.member;
  };

  async function look(): Promise<Member | undefined> {
    const found = await leader();
    const standbys = found === undefined ? [] : await ask(found.url('postgres'), STREAMING).catch(() => []);
    if (found === undefined || standbys.length < members.length - 1) return undefined;
    const isKnown = (await found.ask('/cluster'))?.text.includes('"sync_standby"');
    if (replication === 'synchronous' && !isKnown) return undefined;
    const [reached] = await ask(`postgres://postgres@127.0.0.1:${balancer.port}/postgres`, PORT).catch(() => []);
    return Number(reached?.port) === found.ports.server ? found : undefined;
  }

  return {
    isLed: async () => (await leader()) !== undefined,
    leader: () => until('a leader', leader, PATIENCE_SECONDS),
    untilWhole: () => until('a leader with all its standbys', look, PATIENCE_SECONDS),
    untilReplaced: (old: Member) =>
      until(
        'another leader',
        async () => {
          const found = await leader();
          return found === old ? undefined : found;
        },
        PATIENCE_SECONDS,
      ),
    isSynchronous: replication === 'synchronous',
  };
}

const STREAMING = "select 1 from pg_stat_replication where state = 'streaming'";
const PORT = 'select inet_server_port() as port';

function losing(cluster: Cluster, members: readonly Member[]): Patroni {
  let lost: { readonly member: Member; readonly loss: LeaderLoss } | undefined;

  async function lose(loss: LeaderLoss): Promise<void> {
    const member = await cluster.leader();
    lost = { member, loss };
    await strike(member, loss);
  }

  async function untilReplaced(): Promise<void> {
    if (lost === undefined) throw new Error('nobody was lost');
    const { member, loss } = lost;
    await cluster.untilReplaced(member);
    // A zombie: its PostgreSQL wakes first, before anything can tell it that it lost the lead.
    if (loss === 'frozen') member.signalServer('SIGCONT');
    if (cluster.isSynchronous) await assertStuck(member.url('postgres'));
  }

  async function mend(): Promise<void> {
    if (lost?.loss === 'killed' || lost?.loss === 'unattended') lost.member.start();
    if (lost?.loss === 'frozen') lost.member.signalPatroni('SIGCONT');
    for (const member of members) member.connect();
    await cluster.untilWhole();
  }

  const cutReplication = (): void => {
    for (const member of members) member.cutReplication();
  };
  let left: readonly LeaderLoss[] = [];
  function nextLoss(chance: Chance): LeaderLoss {
    if (left.length === 0) left = LEADER_LOSSES;
    const loss = chance.pick(left);
    left = left.filter((one) => one !== loss);
    return loss;
  }
  return { cutReplication, lose, untilReplaced, isLed: cluster.isLed, nextLoss, mend };
}

async function strike(member: Member, loss: LeaderLoss): Promise<void> {
  switch (loss) {
    case 'killed':
      await member.killPatroni();
      return member.killServer();
    case 'unattended':
      return member.killPatroni();
    case 'frozen':
      member.signalPatroni('SIGSTOP');
      return member.signalServer('SIGSTOP');
    case 'cut off from etcd':
      return member.cutEtcd();
    case 'handed over':
      return handOver(member);
  }
}

async function handOver(member: Member): Promise<void> {
  const answer = await member.ask('/switchover', { leader: member.name });
  if (answer?.status !== 200) throw new Error(`the leader was not handed over: ${answer?.status} ${answer?.text}`);
}
