import { randomBytes } from 'node:crypto';
import { openAddress } from '../../test/databases/address.ts';
import { ask } from '../../test/databases/own.ts';
import { addStandby, follow, promote, STANDBY, startPrimary, waitFor } from '../../test/databases/replication.ts';
import { serverOf } from '../database.ts';
import type { Storage } from '../storage.ts';
import type { PairLoss, Replication } from './losses.ts';
import { assertStuck, NOTES } from './stuck.ts';

const DATABASE = 'portal';
/** The defaults: what is acknowledged is on the disk. */
const SETTINGS = ['fsync = on', 'full_page_writes = on', 'synchronous_commit = on'];

/** Two servers of real PostgreSQL, streaming replication between them, and one address that follows the primary. */
export async function openReplicated(replication: Replication): Promise<Storage> {
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
  let loss: PairLoss | undefined;

  async function lose(how: PairLoss): Promise<void> {
    loss = how;
    // In this order those who wait for the standby are sent away: their COMMIT is there, and nobody was told.
    if (how === 'stopped') link.cut();
    if (how === 'stopped') await primary.stop();
    if (how === 'killed') await serverOf(primary).kill();
    if (how === 'frozen') serverOf(primary).signal('SIGSTOP');
    address.cut();
    link.cut();
  }

  async function failOver(): Promise<void> {
    // Its own COMMITs wait for nobody until it has a standby again: whoever promotes decides that.
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
function isAlive(loss: PairLoss | undefined): boolean {
  return loss === 'cut off' || loss === 'frozen';
}
