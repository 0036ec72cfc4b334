import { sql } from 'kysely';
import type { Durability, Queries } from '#store/engine/database.ts';

type Settings = {
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly synchronous_standby_names: string;
  readonly synced: number | string;
};

/**
 * What an acknowledged change survives under the server's current settings.
 *
 * https://www.postgresql.org/docs/current/runtime-config-wal.html: `synchronous_commit = on` waits for the flush on the
 * named standbys, or for the local flush if none is named; `remote_write`, `local` and `off` wait for less.
 */
export async function durabilityOf(queries: Queries): Promise<Durability> {
  const { rows } = await sql<Settings>`
    select
      current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('synchronous_standby_names') as synchronous_standby_names,
      (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')) as synced`.execute(queries);
  const [settings] = rows;
  if (settings === undefined) throw new Error('the server says nothing of its settings');
  return judge(settings);
}

function judge(settings: Settings): Durability {
  const { fsync, full_page_writes, synchronous_commit: commit, synchronous_standby_names: standbys } = settings;
  if (fsync !== 'on' || full_page_writes !== 'on') return { level: 'none', text: 'fsync or full_page_writes is off' };
  if (commit === 'off') return { level: 'none', text: 'synchronous_commit is off' };
  if (standbys === '') return { level: 'server', text: 'flushed on the primary alone: a failover may lose changes' };
  if (commit !== 'on' && commit !== 'remote_apply') {
    return { level: 'server', text: `synchronous_commit is ${commit}: a failover may lose changes` };
  }
  const synced = Number(settings.synced);
  if (synced === 0)
    return { level: 'failover', text: 'no synchronous standby is connected: every COMMIT waits for one' };
  return { level: 'failover', text: `flushed on ${synced} synchronous ${synced === 1 ? 'standby' : 'standbys'} too` };
}
