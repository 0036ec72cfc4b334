import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, clusterOf, freePort, install, startCluster } from './cluster.ts';
import { ask, until } from './own.ts';

/** The settings of a primary and a standby. The caller sets what their COMMIT promises. */
const REPLICATION = ['wal_level = replica', 'max_wal_senders = 4', 'hot_standby = on', 'wal_keep_size = 256MB'];

/** The name that a primary uses to wait for the standby. */
export const STANDBY = 'standby';

/** @param settings lines of postgresql.conf */
export function startPrimary(settings: readonly string[]): Promise<Cluster> {
  return startCluster([...REPLICATION, ...settings]);
}

/**
 * Starts another server that streams from a running one.
 *
 * @param port where the standby reaches the primary, if there is something in between
 */
export async function addStandby(primary: Cluster, port: number = primary.port): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pg-'));
  const installed = install(folder);
  const standby = clusterOf(folder, join(folder, 'data'), await freePort(), installed);
  await follow(standby, primary, port);
  return standby;
}

/** Deletes the data of a stopped server and copies that of the primary by hand while the primary is stopped. */
export async function follow(standby: Cluster, primary: Cluster, port: number = primary.port): Promise<void> {
  await primary.stop();
  rmSync(standby.data, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', primary.data, standby.data], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the base could not be copied: ${stderr}`);
  const link = `host=127.0.0.1 port=${port} user=postgres application_name=${STANDBY} connect_timeout=2`;
  appendFileSync(join(standby.data, 'postgresql.auto.conf'), `primary_conninfo = '${link}'\n`);
  writeFileSync(join(standby.data, 'standby.signal'), '');
  await Promise.all([primary.start(), standby.start()]);
  await until('a standby that streams', async () => {
    const rows = await ask(primary.url('postgres'), "select 1 from pg_stat_replication where state = 'streaming'");
    return rows.length > 0 ? true : undefined;
  });
}

/** Makes the standby the primary, which can then write. */
export async function promote(standby: Cluster): Promise<void> {
  await ask(standby.url('postgres'), 'select pg_promote(true, 30)');
}

/**
 * From now on every COMMIT of this primary waits for the standbys with that name. With an empty name it waits for none.
 */
export async function waitFor(primary: Cluster, names: string): Promise<void> {
  await ask(primary.url('postgres'), `alter system set synchronous_standby_names = '${names}'`);
  await ask(primary.url('postgres'), 'select pg_reload_conf()');
  await until('the new setting', async () => {
    const [row] = await ask(primary.url('postgres'), "select current_setting('synchronous_standby_names') as names");
    return row?.names === names ? true : undefined;
  });
}
