import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import pg from 'pg';
import { makeKeyText } from '#crypto/key-ring.ts';
import type { Database } from '#store/engine/database.ts';
import { SCHEMA_VERSION } from '#store/engine/migrations/all.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { startCluster } from './cluster.ts';

/** The database of this test run. CI runs every test on both. */
export const KIND: Database['kind'] = process.env.SALLYPORT_TEST_DATABASE === 'postgres' ? 'postgres' : 'sqlite';

const CONNECTIONS = 10;

/**
 * A database for one test.
 *
 * @param path a file that outlives the test's process, or its counterpart in PostgreSQL. Without it, closing deletes
 * the database.
 */
export async function openTestDatabase(path?: string): Promise<Database> {
  if (KIND === 'sqlite') return openSqlite(path ?? ':memory:', { create: true });
  if (path === undefined) return borrowed(idle.pop() ?? (await openNew(`t_${randomBytes(8).toString('hex')}`)));
  return openNew(nameOf(path));
}

/** Creating a database takes longer than most tests, so a used one is emptied for the next test. */
const idle: Database[] = [];

function borrowed(database: Database): Database {
  const close = async () => {
    await database.transaction((tx) => sql.raw(EMPTY).execute(tx));
    idle.push(database);
  };
  return { ...database, close };
}

const EMPTY = `do $$ begin execute (
  select 'truncate ' || string_agg(quote_ident(tablename), ', ')
  from pg_tables where schemaname = 'public' and tablename not like 'kysely%'
); end $$`;

async function openNew(name: string): Promise<Database> {
  await createDatabase(name);
  return openPostgres(await clientUrl(name), { create: true, connections: CONNECTIONS });
}

/** Settings of a separate database and key ring for one test, for its processes. */
export async function newDatabaseSettings(folder: string): Promise<Readonly<Record<string, string>>> {
  if (KIND === 'sqlite') return { SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'data', 'sallyport.db')}` };
  const name = `p_${randomBytes(8).toString('hex')}`;
  await administer((client) => client.query(`create database ${name}`));
  return { SALLYPORT_DATABASE_URL: await serverUrl(name), SALLYPORT_KEYS: makeKeyText(randomBytes) };
}

/** Direct access to a database over its own connection, to manipulate or inspect it. */
export type Connected = {
  run(statement: string): Promise<void>;
  rows(query: string): Promise<Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
};

/** @param path the same as for `openTestDatabase` */
export async function connectTo(path: string): Promise<Connected> {
  if (KIND === 'sqlite') {
    const sqlite = new DatabaseSync(path);
    return {
      run: async (statement) => sqlite.exec(statement),
      rows: async (query) => sqlite.prepare(query).all(),
      close: async () => sqlite.close(),
    };
  }
  const client = await connectPostgres(await postgresUrlOf(path));
  return {
    run: async (statement) => void (await client.query(statement)),
    rows: async (query) => (await client.query(query)).rows,
    close: () => client.end(),
  };
}

export async function connectPostgres(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** The address of the database that represents this file. */
export function postgresUrlOf(path: string): Promise<string> {
  return serverUrl(nameOf(path));
}

function nameOf(path: string): string {
  return `f_${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

let own: Promise<string> | undefined;

/** Through a pooler if the environment names one. Databases are created without it. */
async function clientUrl(database: string): Promise<string> {
  const pooler = process.env.SALLYPORT_TEST_POOLER;
  return pooler === undefined ? serverUrl(database) : Object.assign(new URL(pooler), { pathname: `/${database}` }).href;
}

/** On the server that `npm test` has started, or on its own one for a single file. */
export async function serverUrl(database: string): Promise<string> {
  own ??= startOwn();
  const url = new URL(process.env.SALLYPORT_TEST_POSTGRES ?? (await own));
  url.pathname = `/${database}`;
  return url.href;
}

async function startOwn(): Promise<string> {
  if (process.env.SALLYPORT_TEST_POSTGRES !== undefined) return process.env.SALLYPORT_TEST_POSTGRES;
  const cluster = await startCluster();
  process.once('beforeExit', () => void cluster.remove());
  // For the threads that a test starts, because they share this server.
  process.env.SALLYPORT_TEST_POSTGRES = cluster.url('postgres');
  return cluster.url('postgres');
}

/** Named by schema version, because a long-running server may hold several. */
const TEMPLATE = `sallyport_template_${SCHEMA_VERSION}`;
/** Any number. The files of a test run are processes, and only one of them may create the template. */
const TEMPLATE_LOCK = 7_255;

async function createDatabase(name: string): Promise<void> {
  await administer(async (client) => {
    const exists = async (database: string) =>
      (await client.query('select 1 from pg_database where datname = $1', [database])).rowCount === 1;
    if (await exists(name)) return;
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    if (!(await exists(TEMPLATE))) {
      await client.query('create database sallyport_unfinished');
      const making = await openPostgres(await serverUrl('sallyport_unfinished'), { create: true, connections: 2 });
      await making.close();
      await client.query(`alter database sallyport_unfinished rename to ${TEMPLATE}`);
    }
    await client.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
    await client.query(`create database ${name} template ${TEMPLATE}`);
  });
}

async function administer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectPostgres(await serverUrl('postgres'));
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The address of a new PostgreSQL database, whichever database the tests run on. */
export async function newPostgresUrl(): Promise<string> {
  const name = `p_${randomBytes(8).toString('hex')}`;
  await createDatabase(name);
  return serverUrl(name);
}
