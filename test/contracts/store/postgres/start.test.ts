import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { connectPostgres, serverUrl } from '../../../databases/open.ts';
import { type OwnDatabase, ownDatabase, until } from '../../../databases/own.ts';

const SALLYPORT = fileURLToPath(new URL('../../../../bin/sallyport.mjs', import.meta.url));
const NODES = 10;
const PROCESSES = 3;
const START_MS = 60_000;

let server: string;
before(async () => {
  server = await serverUrl('postgres');
});

/** Sessions that have waited longer than a request's statement may take (5 s) and its client would wait (8 s). */
const PATIENT = `
  select pid from pg_stat_activity
  where datname = current_database() and wait_event = 'advisory' and clock_timestamp() - query_start > '8500 ms'`;

const migrationsOf = async ({ query }: OwnDatabase) =>
  (await query('select name from kysely_migration order by name')).map(({ name }) => name);

const noteMigration = ({ query }: OwnDatabase, name: string) =>
  query('insert into kysely_migration (name, timestamp) values ($1, $2)', [name, new Date().toISOString()]);

/** A server process on that database. Resolves when it serves. */
async function startProcess(t: TestContext, own: OwnDatabase, keys: string): Promise<ChildProcess> {
  const env = {
    ...{ PATH: process.env.PATH, PORT: '0', SALLYPORT_PUBLIC_URL: 'https://sign-in.example.com' },
    ...{ SALLYPORT_DATABASE_URL: own.url(), SALLYPORT_DATABASE_CONNECTIONS: '3', SALLYPORT_KEYS: keys },
  };
  const child = spawn(process.execPath, [SALLYPORT, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`it does not serve: ${said}`));
    const late = setTimeout(fail, START_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
        if (said.includes(' is at http')) resolve();
      });
    }
    child.once('exit', fail);
    t.after(() => clearTimeout(late));
  });
  return child;
}

describe('starting on PostgreSQL', () => {
  it('knows texts in one order and long numbers, so that columns that are compared share their indexes', async (t) => {
    const own = await ownDatabase(t, server);
    await own.open();
    const other = await own.query(`
      select table_name || '.' || column_name as name, data_type, collation_name from information_schema.columns
      where table_schema = 'public' and table_name not like 'kysely%'
        and (data_type, coalesce(collation_name, '')) not in (('text', 'C'), ('bigint', ''))`);
    assert.deepEqual(other, []);
  });

  it('ten at once on an empty database: one migrates, and all serve', async (t) => {
    const own = await ownDatabase(t, server);
    const nodes = await Promise.all(Array.from({ length: NODES }, () => own.open(undefined, 2)));
    for (const db of nodes) assert.equal(await db.problem(), undefined);
    const names = await migrationsOf(own);
    assert.ok(names.length > 0);
    assert.deepEqual(names, [...new Set(names)]);
  });

  it('lets a migration take longer than any request may, and a server that starts meanwhile waits as long', async (t) => {
    const own = await ownDatabase(t, server);
    await own.query(`
      create function hold() returns event_trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); end $$;
      create event trigger hold on ddl_command_start when tag in ('CREATE INDEX') execute function hold()`);
    const holder = await connectPostgres(own.url());
    t.after(() => holder.end());
    await holder.query('select pg_advisory_lock(1)');
    const bothWait = until('one migrates and one waits for it', async () => {
      const { rowCount } = await holder.query(PATIENT);
      return rowCount === 2 || undefined;
    });
    const [nodes] = await Promise.all([
      Promise.all([own.open(), own.open()]),
      bothWait.then(() => holder.query('select pg_advisory_unlock(1)')),
    ]);
    for (const db of nodes) assert.equal(await db.problem(), undefined);
  });

  it('three processes at once on an empty database: all serve, over one ring', async (t) => {
    const own = await ownDatabase(t, server);
    const keys = makeKeyText(randomBytes);
    await Promise.all(Array.from({ length: PROCESSES }, () => startProcess(t, own, keys)));
    assert.equal((await own.query('select id from ring_keys')).length, 1);
    const open = await own.query("select id from links where used_at is null and purpose = 'first_administrator'");
    assert.equal(open.length, 1, 'each start ends the link of the one before');
  });

  it('works beside a newer version, until that takes something away', async (t) => {
    const own = await ownDatabase(t, server);
    await own.open();
    await noteMigration(own, '900-later');
    for (const create of [true, false]) {
      const db = await openPostgres(own.url(), { create, connections: 2 });
      assert.equal(await db.problem(), undefined);
      await db.close();
    }
    await noteMigration(own, '901-later-contract');
    await assert.rejects(openPostgres(own.url(), { create: true, connections: 2 }), {
      message: /written by a newer version \(it has migration 901-later-contract\): run that version/,
    });
  });

  it('is what brings an older database up to date: a command does not', async (t) => {
    const own = await ownDatabase(t, server);
    await assert.rejects(openPostgres(own.url(), { create: false, connections: 2 }), {
      message: 'the database is older than this version: start the server once, it updates it',
    });
    assert.deepEqual(await own.query("select 1 from pg_tables where schemaname = 'public'"), [], 'nothing was made');
  });

  it('tells which server is away, without its password', async () => {
    await assert.rejects(
      openPostgres('postgres://sally:swordfish@127.0.0.1:1/portal', { create: true, connections: 2 }),
      (error: Error) => {
        assert.match(error.message, /^the database portal at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
        assert.doesNotMatch(error.message, /swordfish/);
        return true;
      },
    );
  });

  it('knows the time of the server, which is that of all nodes', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open();
    const [before] = await own.query('select extract(epoch from clock_timestamp())::float8 as at');
    const between = await db.clockSeconds?.();
    const [after] = await own.query('select extract(epoch from clock_timestamp())::float8 as at');
    assert.ok(Number(before?.at) <= Number(between) && Number(between) <= Number(after?.at));
  });
});
