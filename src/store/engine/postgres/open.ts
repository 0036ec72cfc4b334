import { setTimeout as wait } from 'node:timers/promises';
import { type Dialect, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import pg from 'pg';
import { type Database, type Schema, StorageUnavailable } from '#store/engine/database.ts';
import { migrate, pendingMigrations } from '#store/engine/migrations/all.ts';
import { readLog } from '#store/engine/watched.ts';
import { PostgresDriver } from './driver.ts';
import { durabilityOf } from './durability.ts';
import { Interrupted } from './error.ts';
import { noteServerProcess } from './statements.ts';

/** Longer than any statement of a server may run there (5 s), so that the server's own answer is heard. */
const SERVER_PATIENCE_MS = 8_000;
/** A command may read through everything. */
const COMMAND_PATIENCE_MS = 10 * 60_000;
/** Past this a waiting request is answered with 503: it would only wait longer. */
const CONNECT_MS = 3_000;
/** The parts of a transaction that others undid, or whose connection broke, are tried so often in all. */
const TRANSACTION_TRIES = 4;
const RETRY_MS = 40;
/** `migrate` waits for a migration that runs already, however long that takes. */
const NO_TIMEOUTS = sql`set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0`;

/**
 * Opens the PostgreSQL database (15 or newer) of a URL, over one bounded pool.
 *
 * With `create` (the server) the schema is brought up to date, by one of all that start at once; a newer one is worked
 * with unless it says that this version must not. Without it (commands) an older schema is an error. Messages are for
 * the operator and name no password.
 *
 * @param connections the most that this process keeps
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
  // The same pool: what is asked outside a transaction can be measured by itself.
  return databaseOf(queries, new Kysely<Schema>({ dialect, ...readLog() }), pool);
}

function poolOf(url: string, limits: Pick<pg.PoolConfig, 'max' | 'query_timeout'>): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    ...limits,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // What a transaction sends together is answered in order, in one round trip.
    pipeline: true,
    // A command is done when it is done, whatever is still open.
    allowExitOnIdle: true,
    application_name: 'sallyport',
    types: { getTypeParser },
    onConnect: assertPrimary,
  });
  // A connection that breaks while nobody uses it is replaced at its next use; without a listener it ends the process.
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

/** One for all databases: compiled statements are kept by it. */
const ADAPTER = new PostgresAdapter();

const INT8 = 20;

/** Instants and counters are far below 2⁵³. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

/** What a standby answers is old: a session that was ended still lives there, a code that was used is still good. */
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
  // On a connection that waits as long as it takes: an index on a large table is not done in a server's patience.
  const patient = new Kysely<Schema>({ dialect: dialectOf(poolOf(url, { max: 1 })) });
  try {
    await patient.transaction().execute(async (tx) => {
      await NO_TIMEOUTS.execute(tx);
      // The migrator takes a lock of its own, but after it has made its tables: of two that make them at once one fails.
      await sql`select pg_advisory_xact_lock(${MIGRATION})`.execute(tx);
      await migrate(tx);
    });
  } finally {
    await patient.destroy();
  }
}

/** Any number that no other program uses in this database: "migra" in ASCII. It ends with the transaction. */
const MIGRATION = 0x6d69677261;

const OLDEST_VERSION = 150_000;

async function assertVersion(queries: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::int as version`.execute(queries);
  const version = rows[0]?.version ?? 0;
  if (version < OLDEST_VERSION)
    throw new Error(`PostgreSQL ${Math.floor(version / 10_000)} is too old: 15 or newer is needed`);
}

function databaseOf(queries: Kysely<Schema>, read: Kysely<Schema>, pool: pg.Pool): Database {
  return {
    kind: 'postgres',
    read,
    async transaction(work) {
      for (let tries = TRANSACTION_TRIES; ; tries -= 1) {
        try {
          return await queries.transaction().execute(work);
        } catch (error) {
          if (!(error instanceof Interrupted) || tries === 1) throw error;
        }
        // The transaction that made this one fail should end before the next try.
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
