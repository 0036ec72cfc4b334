import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import { type Engine, engineOf, queriesOn, transact } from '#store/engine/connected.ts';
import { type Database, type Schema, StorageUnavailable } from '#store/engine/database.ts';
import { migrate, pendingMigrations, SCHEMA_VERSION } from '#store/engine/migrations/all.ts';
import { copySqlite } from './backup.ts';
import { SqliteDriver } from './driver.ts';
import { assertLocalFile, assertReachable, createFile } from './file.ts';
import { readRunner } from './query.ts';

/** Waiting blocks the event loop. Without waiting, a write fails while a command writes. */
const BUSY_TIMEOUT_MILLISECONDS = 5_000;

/** Fixes a bug that could corrupt the WAL when a checkpoint and a write happened together. */
const OLDEST_SQLITE = '3.51.3';

/**
 * Opens the SQLite database at a path: one connection for writes, with group commit, and one for reads.
 *
 * With `create` (the server) a missing file is created. An old schema is updated after the file was copied to
 * `<path>.before-<version>`. Without `create` (commands) both are errors, with a message for the operator. `:memory:`
 * is a database that lasts as long as the process, is not shared and is not synced.
 */
export async function openSqlite(path: string, { create }: { create: boolean }): Promise<Database> {
  if (path === ':memory:') return openThrowAway();
  assertReachable(path, create);
  if (!existsSync(path)) {
    if (!create) throw new Error(`there is no database at ${path}: "sallyport serve" makes one`);
    createFile(path);
  }
  assertLocalFile(path);
  return open(path, { create, isThrowAway: false });
}

/** A real file, so that it behaves like one. Only our two connections know its name. */
async function openThrowAway(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
  try {
    return await open(join(folder, 'throw-away.db'), { create: true, isThrowAway: true });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Opening = { create: boolean; isThrowAway: boolean };

async function open(path: string, { create, isThrowAway }: Opening): Promise<Database> {
  const synchronous = isThrowAway ? 0 : 2;
  const writer = connect(path, { synchronous });
  try {
    await bringUpToDate(path, writer, create);
    const reader = connect(path, { synchronous, writer });
    // SQLite opens the log files at the first read.
    await reader.queries.selectFrom('partners').select('id').limit(1).execute();
    return databaseOf(isThrowAway ? undefined : path, writer, reader);
  } catch (error) {
    await writer.driver.destroy();
    throw error;
  }
}

type Connected = {
  readonly sqlite: DatabaseSync;
  readonly driver: SqliteDriver;
  readonly engine: Engine;
  readonly queries: Kysely<Schema>;
};

/** @param options.writer the writing connection; with it, the new connection only reads */
function connect(path: string, { synchronous, writer }: { synchronous: number; writer?: Connected }): Connected {
  const readOnly = writer !== undefined;
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MILLISECONDS });
    configure(sqlite, synchronous);
  } catch (error) {
    sqlite?.close();
    throw new Error(`cannot use the database ${path}: ${error instanceof Error ? error.message : error}`);
  }
  const driver = new SqliteDriver(sqlite, writer && readRunner(sqlite, writer.sqlite));
  const dialect = {
    createAdapter: () => ADAPTER,
    createDriver: () => driver,
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  const engine = engineOf(dialect, driver);
  const queries = readOnly ? queriesOn(engine, driver.connect()) : new Kysely<Schema>({ dialect });
  return { sqlite, driver, engine, queries };
}

/** One adapter for all connections, because compiled statements are cached per adapter. */
const ADAPTER = new (class extends SqliteAdapter {
  /** Our driver queues transactions for its one connection. Kysely's own queue would prevent the group commit. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
})();

/** Sets what durability and erasure depend on, and checks that each setting took effect. */
function configure(sqlite: DatabaseSync, synchronous: number): void {
  const wanted = {
    journal_mode: 'wal',
    synchronous,
    foreign_keys: 1,
    secure_delete: 1,
    temp_store: 2,
    // With a memory map, an I/O error on read becomes a SIGBUS.
    mmap_size: 0,
    // Ids and token hashes are random, so many pages are in use: 32 MiB instead of 2 (negative: KiB).
    cache_size: -32 * 1024,
    // A checkpoint syncs the database file inside a commit. This runs one per 16 MiB of log instead of four.
    wal_autocheckpoint: 4_000,
    busy_timeout: BUSY_TIMEOUT_MILLISECONDS,
  };
  for (const [name, value] of Object.entries(wanted)) {
    sqlite.exec(`pragma ${name} = ${value}`);
    const actual = Object.values(sqlite.prepare(`pragma ${name}`).get() ?? {})[0];
    if (actual !== value) throw new Error(`SQLite keeps ${name} at ${actual}, it must be ${value}`);
  }
  assertSqliteVersion(String(sqlite.prepare('select sqlite_version() as version').get()?.version));
}

/** Refuses an SQLite version without the fix that durability needs. */
export function assertSqliteVersion(version: string): void {
  if (version.localeCompare(OLDEST_SQLITE, 'en', { numeric: true }) < 0) {
    throw new Error(`SQLite ${version} is too old, ${OLDEST_SQLITE} is needed: use Node 24.15 or newer`);
  }
}

async function bringUpToDate(path: string, writer: Connected, create: boolean): Promise<void> {
  const pending = await pendingMigrations(writer.queries);
  if (pending.length === 0) return;
  if (!create) throw new Error(`the database ${path} is older than this version: start the server once, it updates it`);
  const isEmpty = writer.sqlite.prepare('select 1 from sqlite_schema limit 1').get() === undefined;
  if (!isEmpty) await copySqlite(writer.sqlite, `${path}.before-${SCHEMA_VERSION}`, { replace: true, like: path });
  await writer.queries.transaction().execute(migrate);
}

function databaseOf(path: string | undefined, writer: Connected, reader: Connected): Database {
  return {
    kind: 'sqlite',
    read: reader.queries,
    transaction: (work) => transact(writer.engine, work),
    problem: () => problemOf(path, writer, reader),
    durability: async () =>
      path === undefined
        ? { level: 'none', text: 'a database that ends with the process' }
        : { level: 'server', text: 'journal_mode=wal, synchronous=FULL: flushed before each answer' },
    truncateLog: () => {
      // A group begins and commits in one turn, so no group is open here.
      if (writer.sqlite.isOpen && !writer.sqlite.isTransaction) writer.sqlite.exec('pragma wal_checkpoint(truncate)');
    },
    close: async () => {
      // Waits for all earlier transactions. Later ones are refused.
      await writer.queries
        .transaction()
        .execute(async () => {})
        .catch(() => {});
      await reader.queries.destroy();
      if (writer.sqlite.isOpen) writer.sqlite.exec('pragma wal_checkpoint(truncate)');
      await writer.queries.destroy();
    },
  };
}

async function problemOf(path: string | undefined, writer: Connected, reader: Connected): Promise<string | undefined> {
  // SQLite would continue in a file that has no name any more.
  if (path !== undefined && !existsSync(path)) return 'storage unavailable: the database file is gone';
  try {
    await reader.queries.selectFrom('partners').select('id').limit(1).execute();
    // Only a real write shows whether the disk has space again.
    if (writer.driver.failure)
      await writer.queries
        .transaction()
        .execute((tx) => sql`update kysely_migration_lock set is_locked = 0`.execute(tx));
    return undefined;
  } catch (error) {
    return error instanceof StorageUnavailable ? error.message : 'storage unavailable';
  }
}
