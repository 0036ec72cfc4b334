import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';

/** A standby as `pg_stat_replication` shows it; null where this role may not see the value. */
export type Standby = { readonly name: string; readonly state: string | null; readonly syncState: string | null };

/** The setup of a PostgreSQL server, for the operator. */
export type PostgresFacts = {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The raw value of `synchronous_standby_names`. */
  readonly wanted: string;
  readonly standbys: readonly Standby[];
  /** The part of `max_connections` that is open to roles without superuser rights. */
  readonly mostConnections: number;
};

type Row = {
  readonly version: string;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly wanted: string;
  readonly connections: number;
};

export async function postgresFacts(queries: Queries): Promise<PostgresFacts> {
  const found = await sql<Row>`
    select
      current_setting('server_version') as version,
      current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('synchronous_commit') as synchronous_commit,
      current_setting('synchronous_standby_names') as wanted,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections`.execute(
    queries,
  );
  const [row] = found.rows;
  if (row === undefined) throw new Error('the server says nothing of its settings');
  const { version, wanted, connections, ...settings } = row;
  const standbys = await sql<Standby>`
    select coalesce(nullif(application_name, ''), 'without a name') as name, state, sync_state as "syncState"
    from pg_stat_replication order by application_name`.execute(queries);
  return { version, settings, wanted, standbys: standbys.rows, mostConnections: connections };
}
