import { randomBytes } from 'node:crypto';
import { openAddress } from '../../test/databases/address.ts';
import { ask } from '../../test/databases/own.ts';
import { addStandby, follow, promote, STANDBY, startPrimary, waitFor } from '../../test/databases/replication.ts';
import { serverOf } from '../database.ts';
import type { Storage } from '../storage.ts';
import type { Pair, PairLoss, Replication } from './losses.ts';
import { assertStuck, NOTES } from './stuck.ts';

const DATABASE = 'portal';
/** The defaults: an acknowledged change is on disk. */
const SETTINGS = ['fsync = on', 'full_page_writes = on', 'synchronous_commit = on'];

/** Two real PostgreSQL servers with streaming replication, and one address that follows the primary. */
export async function openReplicated(replication: Replication): Promise<Storage> {
  const servers = await startServers(replication);
  const { address, link } = servers;
  return {
    kind: 'postgres',
    file: undefined,
    environment: {
      SALLYPORT_DATABASE_URL: `postgres://postgres@127.0.0.1:${address.port}/${DATABASE}`,
      SALLYPORT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    },
    rows: (sql) => ask(servers.primary.url(DATABASE), sql),
    damage: async () => [],
    server: undefined,
    pair: pairOf(servers, replication),
    async close() {
      await address.close();
      await link.close();
      const both = [servers.primary, servers.standby];
      await Promise.all(both.map((server) => serverOf(server).kill()));
      await Promise.all(both.map((server) => server.remove()));
    },
  };
}

type Servers = Awaited<ReturnType<typeof startServers>>;

async function startServers(replication: Replication) {
  const address = await openAddress();
  const link = await openAddress();
  const primary = await startPrimary(SETTINGS);
  await ask(primary.url('postgres'), `create database ${DATABASE}`);
  await ask(primary.url('postgres'), NOTES);
  await waitFor(primary, namesOf(replication));
  link.leadTo(primary.port);
  const standby = await addStandby(primary, link.port);
  address.leadTo(primary.port);
  return { address, link, primary, standby };
}

/** The standby that a COMMIT waits for. */
function namesOf(replication: Replication): string {
  return replication === 'synchronous' ? STANDBY : '';
}

function pairOf(servers: Servers, replication: Replication): Pair {
  const { address, link } = servers;
  let loss: PairLoss | undefined;
  return {
    cutReplication: link.cut,
    async lose(how) {
      loss = how;
      const { primary } = servers;
      // In this order the waiting COMMITs are aborted: they exist on the primary, but no client got an answer.
      if (how === 'stopped') link.cut();
      if (how === 'stopped') await primary.stop();
      if (how === 'killed') await serverOf(primary).kill();
      if (how === 'frozen') serverOf(primary).signal('SIGSTOP');
      address.cut();
      link.cut();
    },
    async failOver() {
      const { primary: old, standby: next } = servers;
      // Its own COMMITs wait for nobody until it has a standby again. The program that promotes it decides this.
      await waitFor(next, '');
      await promote(next);
      Object.assign(servers, { primary: next, standby: old });
      address.leadTo(next.port);
      if (loss === 'frozen') serverOf(old).signal('SIGCONT');
      if (isAlive(loss) && replication === 'synchronous') await assertStuck(old.url('postgres'));
    },
    async rejoin() {
      const { primary, standby } = servers;
      if (isAlive(loss)) await serverOf(standby).kill();
      await waitFor(primary, namesOf(replication));
      link.leadTo(primary.port);
      await follow(standby, primary, link.port);
    },
  };
}

/** Whether the old primary still runs. */
function isAlive(loss: PairLoss | undefined): boolean {
  return loss === 'cut off' || loss === 'frozen';
}
