import type { Config } from '#config.ts';
import type { Database } from '#store/engine/database.ts';
import { type PostgresFacts, postgresFacts, type Standby } from '#store/engine/postgres/facts.ts';
import { type SqliteFacts, sqliteFacts } from '#store/engine/sqlite/facts.ts';
import { listServers } from '#store/operations/servers.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Findings from the file alone. Empty if it does not exist. */
export function sqliteLines(path: string): Finding[] {
  const facts = sqliteFacts(path);
  return facts === undefined ? [] : [...fileModes(facts), fileSystem(facts), freeSpace(facts)];
}

function fileModes({ open, openFolder, foreign, path: database }: SqliteFacts): Finding[] {
  const findings = [
    ...(openFolder === undefined
      ? []
      : [fail('files', `others may replace files in ${openFolder}: chmod go-w ${openFolder}`)]),
    ...open.map((path) => fail('files', `others may read ${path}: chmod 600 ${path}`)),
    ...foreign.map((path) =>
      fail('files', `${path} belongs to another user than the database: chown --reference=${database} ${path}`),
    ),
  ];
  return findings.length > 0 ? findings : [ok('files', 'only the owner reads the database and the keys')];
}

function fileSystem({ fileSystem: name }: SqliteFacts): Finding {
  if (name === 'memory')
    return fail('file system', 'the database lies in memory: put it on a disk, or a restart loses it');
  if (name === 'overlay')
    return warn(
      'file system',
      'the database lies in the layer of a container: put it on a volume, or an update loses it',
    );
  return ok('file system', 'a local disk');
}

const MEBIBYTE = 1024 * 1024;

/** A backup in the same place and the copy of a migration each need the same space again. */
function freeSpace({ bytes, freeBytes }: SqliteFacts): Finding {
  const [size, free] = [Math.ceil(bytes / MEBIBYTE), Math.floor(freeBytes / MEBIBYTE)];
  const text = `${free} MiB are free beside ${size} MiB`;
  return free > Math.max(100, 2 * size) ? ok('disk', text) : warn('disk', `${text}: make room before it fills up`);
}

/** The configuration of the database server. The line on durability says if acknowledged changes survive a crash. */
export async function postgresLines({ read }: Database, config: Config): Promise<Finding[]> {
  const serving = (await listServers(read, Math.floor(Date.now() / 1000))).length;
  return linesOf(await postgresFacts(read), { ...config, processes: Math.max(serving, config.workers) });
}

type Asking = Pick<Config, 'databaseConnections'> & { readonly processes: number };

export function linesOf(facts: PostgresFacts, asking: Asking): Finding[] {
  return [
    ok('PostgreSQL', `version ${facts.version}`),
    ...['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => setting(name, facts.settings[name] ?? '')),
    ...standbys(facts),
    connections(facts, asking),
  ];
}

/** `synchronous_commit` has more values than on and off. Only off answers before anything is written. */
function setting(name: string, value: string): Finding {
  if (value !== 'off') return ok(name, value);
  return fail(name, `off: a crash may lose what was acknowledged; set ${name} = on in postgresql.conf and reload`);
}

function standbys({ standbys: list, wanted }: PostgresFacts): Finding[] {
  if (list.length > 0) return list.map((one) => standby(one, wanted));
  if (wanted === '') return [warn('standbys', 'none: a lost disk loses everything since the last backup')];
  return [fail('standbys', `none of "${wanted}" is connected: every change waits until one is; start it`)];
}

function standby({ name, state, syncState }: Standby, wanted: string): Finding {
  const check = `standby ${name}`;
  // The replica is visible, but its state is not, because the role lacks pg_read_all_stats.
  if (syncState === null) return warn(check, 'its state is hidden from this role: grant pg_read_all_stats to it');
  if (state !== 'streaming')
    return warn(check, `${syncState}, but ${state}: it has to catch up before it can take over`);
  if (syncState === 'sync' || syncState === 'quorum') return ok(check, syncState);
  const advice = wanted === '' ? 'name it in synchronous_standby_names' : 'it may take over, but not without loss';
  return warn(check, `${syncState}: a failover to it loses the newest changes; ${advice}`);
}

function connections({ mostConnections }: PostgresFacts, { databaseConnections: each, processes }: Asking): Finding {
  const wanted = processes * each;
  const text = `${processes} processes of up to ${each} each want ${wanted} of ${mostConnections}`;
  if (wanted <= mostConnections) return ok('connections', text);
  return warn('connections', `${text}: lower SALLYPORT_DATABASE_CONNECTIONS, raise max_connections, or use PgBouncer`);
}
