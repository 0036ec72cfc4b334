import { setTimeout as wait } from 'node:timers/promises';
import { type Dialect, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import pg from 'pg';
import { type Engine, engineOf, queriesOn, transact } from '#store/engine/connected.ts';
import { type Database, type Schema, StorageUnavailable } from '#store/engine/database.ts';
import { migrate, pendingMigrations } from '#store/engine/migrations/all.ts';
import { PostgresDriver } from './driver.ts';
import { durabilityOf } from './durability.ts';
import { Interrupted } from './error.ts';
import { noteServerProcess } from './statements.ts';

/** Longer than the server's own statement timeout (5 s), so that the server's answer arrives first. */
const SERVER_PATIENCE_MS = 8_000;
/** A command may need to read the whole database. */
const COMMAND_PATIENCE_MS = 10 * 60_000;
/** A request that waits longer for a connection gets 503, because a longer wait would not help it. */
const CONNECT_MS = 3_000;
/** The maximum number of tries for a transaction that a conflict or a broken connection interrupts. */
const TRANSACTION_TRIES = 4;
const RETRY_MS = 40;
/** `migrate` waits for a migration that is already running, without a time limit. */
const NO_TIMEOUTS = sql`set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0`;

/**
 * Opens the PostgreSQL database (15 or newer) at a URL, over one bounded pool.
 *
 * With `create` (the server) one of all starting nodes updates the schema. A newer schema is accepted unless it
 * excludes this version. Without `create` (commands) an older schema is an error. Messages are for the operator and
 * contain no password.
 *
 * @param connections the most that this process opens
 */
export async function openPostgres(
  url: string,
  { create, connections }: { create: boolean; connections: number },
): Promise<Database> {
  const pool = poolOf(url, { max: connections, query_timeout: create ? SERVER_PATIENCE_MS : COMMAND_PATIENCE_MS });
  const dialect = dialectOf(pool);
  const queries = new Kysely<Schema>({ dialect });
  try {
    await bringUpToDate(queries, url, create);
  } catch (error) {
    await queries.destroy();
    throw error instanceof StorageUnavailable ? new Error(unreachable(url, error), { cause: error }) : error;
  }
  const driver = new PostgresDriver(pool);
  const engine = engineOf(dialect, driver);
  return databaseOf(engine, { queries, read: queriesOn(engine, driver.connect()) }, pool);
}

function poolOf(url: string, limits: Pick<pg.PoolConfig, 'max' | 'query_timeout'>): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    ...limits,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // Statements that are sent together are answered in order, in one round trip.
    pipeline: true,
    // A command exits when it has finished, even with idle connections in the pool.
    allowExitOnIdle: true,
    application_name: 'sallyport',
    types: { getTypeParser },
    onConnect: assertPrimary,
  });
  // The pool replaces a connection that breaks while idle. Without a listener, that error would crash the process.
  pool.on('error', () => {});
  return pool;
}

function dialectOf(pool: pg.Pool): Dialect {
  return {
    createAdapter: () => ADAPTER,
    createDriver: () => new PostgresDriver(pool),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/** One adapter for all databases, because compiled statements are cached per adapter. */
const ADAPTER = new PostgresAdapter();

const INT8 = 20;

/** A number is exact below 2⁵³; instants and counters are far smaller. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

/** A standby has old data: there a revoked session is still live and a used code is still valid. */
async function assertPrimary(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query('select pg_is_in_recovery() as standby, pg_backend_pid() as pid');
  noteServerProcess(client, rows[0]?.pid);
  if (rows[0]?.standby !== false) throw new StorageUnavailable('storage unavailable: the server is a standby');
}

function unreachable(url: string, error: StorageUnavailable): string {
  const { host, pathname } = new URL(url);
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return `the database ${pathname.slice(1)} at ${host} cannot be used: ${reason.split('\n')[0]}`;
}

async function bringUpToDate(queries: Kysely<Schema>, url: string, create: boolean): Promise<void> {
  await assertVersion(queries);
  const mayBeNewer = true;
  if ((await pendingMigrations(queries, { mayBeNewer })).length === 0) return;
  if (!create) throw new Error('the database is older than this version: start the server once, it updates it');
  // A separate connection without a query timeout, because building an index on a large table takes longer than 8 s.
  const patient = new Kysely<Schema>({ dialect: dialectOf(poolOf(url, { max: 1 })) });
  try {
    await patient.transaction().execute(async (tx) => {
      await NO_TIMEOUTS.execute(tx);
      // The migrator locks only after creating its tables. Two nodes that create them together would conflict.
      await sql`select pg_advisory_xact_lock(${MIGRATION})`.execute(tx);
      await migrate(tx);
    });
  } finally {
    await patient.destroy();
  }
}

/** "migra" in ASCII: any number that no other program uses in this database. The lock lasts for one transaction. */
const MIGRATION = 0x6d69677261;

const OLDEST_VERSION = 150_000;

async function assertVersion(queries: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::int as version`.execute(queries);
  const version = rows[0]?.version ?? 0;
  if (version < OLDEST_VERSION)
    throw new Error(`PostgreSQL ${Math.floor(version / 10_000)} is too old: 15 or newer is needed`);
}

type Opened = { readonly queries: Kysely<Schema>; readonly read: Kysely<Schema> };

function databaseOf(engine: Engine, { queries, read }: Opened, pool: pg.Pool): Database {
  return {
    kind: 'postgres',
    read,
    async transaction(work) {
      for (let tries = TRANSACTION_TRIES; ; tries -= 1) {
        try {
          return await transact(engine, work);
        } catch (error) {
          if (!(error instanceof Interrupted) || tries === 1) throw error;
        }
        // Gives the conflicting transaction time to end before the next try.
        await wait(RETRY_MS * (1 + TRANSACTION_TRIES - tries));
      }
    },
    problem: () => problemOf(queries),
    truncateLog: () => {},
    async clockSeconds() {
      const { rows } = await sql<{ at: string }>`
        select extract(epoch from clock_timestamp())::text as at`.execute(queries);
      return Number(rows[0]?.at);
    },
    durability: () => durabilityOf(queries),
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, most: pool.options.max }),
    close: () => queries.destroy(),
  };
}

async function problemOf(queries: Kysely<Schema>): Promise<string | undefined> {
  try {
    await queries.selectFrom('partners').select('id').limit(1).execute();
    return undefined;
  } catch (error) {
    return error instanceof StorageUnavailable ? error.message : 'storage unavailable';
  }
}
