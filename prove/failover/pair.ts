import { randomBytes } from 'node:crypto';
import { openAddress } from '../../test/databases/address.ts';
import { ask } from '../../test/databases/own.ts';
import { addStandby, follow, promote, STANDBY, startPrimary, waitFor } from '../../test/databases/replication.ts';
import { type Storage, serverOf } from '../database.ts';
import { assertStuck, NOTES } from './stuck.ts';

/** Synchronous: no COMMIT is answered before the standby has it on its disk; without a standby none is answered at all. */
export type Replication = 'synchronous' | 'asynchronous';

/** How the primary is lost. */
export type Loss = 'cut off' | 'killed' | 'frozen' | 'stopped';

export type Pair = {
  /** From here on nothing reaches the standby. */
  cutReplication(): void;
  lose(loss: Loss): Promise<void>;
  /** The standby becomes the primary, and the address leads to it. A frozen primary goes on afterwards: a zombie. */
  failOver(): Promise<void>;
  /** What is left of the old primary is thrown away; it comes back as the standby, with a base copied by hand. */
  rejoin(): Promise<void>;
};

const DATABASE = 'portal';
/** The defaults: what is acknowledged is on the disk. */
const SETTINGS = ['fsync = on', 'full_page_writes = on', 'synchronous_commit = on'];

/** Two servers of real PostgreSQL, streaming replication between them, and one address that follows the primary. */
export async function openReplicated(replication: Replication): Promise<Storage & { readonly pair: Pair }> {
  const address = await openAddress();
  const link = await openAddress();
  const names = replication === 'synchronous' ? STANDBY : '';
  let primary = await startPrimary(SETTINGS);
  await ask(primary.url('postgres'), `create database ${DATABASE}`);
  await ask(primary.url('postgres'), NOTES);
  await waitFor(primary, names);
  link.leadTo(primary.port);
  let standby = await addStandby(primary, link.port);
  address.leadTo(primary.port);
  let loss: Loss | undefined;

  async function lose(how: Loss): Promise<void> {
    loss = how;
    // In this order the commits that wait for the standby fail: they are in the log, and no client got an answer.
    if (how === 'stopped') link.cut();
    if (how === 'stopped') await primary.stop();
    if (how === 'killed') await serverOf(primary).kill();
    if (how === 'frozen') serverOf(primary).signal('SIGSTOP');
    address.cut();
    link.cut();
  }

  async function failOver(): Promise<void> {
    // Its own COMMITs wait for nobody until it has a standby again: the program that promotes it decides that.
    await waitFor(standby, '');
    await promote(standby);
    [primary, standby] = [standby, primary];
    address.leadTo(primary.port);
    if (loss === 'frozen') serverOf(standby).signal('SIGCONT');
    if (isAlive(loss) && replication === 'synchronous') await assertStuck(standby.url('postgres'));
  }

  async function rejoin(): Promise<void> {
    if (isAlive(loss)) await serverOf(standby).kill();
    await waitFor(primary, names);
    link.leadTo(primary.port);
    await follow(standby, primary, link.port);
  }

  return {
    kind: 'postgres',
    file: undefined,
    environment: {
      SALLYPORT_DATABASE_URL: `postgres://postgres@127.0.0.1:${address.port}/${DATABASE}`,
      SALLYPORT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    },
    rows: (sql) => ask(primary.url(DATABASE), sql),
    damage: async () => [],
    server: undefined,
    pair: { cutReplication: link.cut, lose, failOver, rejoin },
    async close() {
      await address.close();
      await link.close();
      await Promise.all([primary, standby].map((server) => serverOf(server).kill()));
      await Promise.all([primary, standby].map((server) => server.remove()));
    },
  };
}

/** Whether the old primary is still somewhere. */
function isAlive(loss: Loss | undefined): boolean {
  return loss === 'cut off' || loss === 'frozen';
}
