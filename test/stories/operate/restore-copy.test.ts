import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { Migrator } from 'kysely/migration';
import { first } from '#store/engine/migrations/001-first.ts';
import { SqliteDriver } from '#store/engine/sqlite/driver.ts';
import { assertRefused } from '../../cli/command-line.ts';
import { enroll, fill, openKeyWorld, type Served, signIn } from '../../keys/key-world.ts';

/** A service that was backed up and stopped, with a person who has recovery codes. */
async function backedUp(
  t: TestContext,
  afterBackup: (server: Served, codes: string[]) => Promise<void> = async () => {},
) {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const [ana] = await fill(server, { people: 1, mails: 0 });
  assert(ana);
  const { codes } = await enroll(server, 'new@acme.example');
  const file = join(world.folder, 'backup.db');
  assert.equal((await world.command(['backup', file])).code, 0);
  await afterBackup(server, codes);
  await server.stop();
  const target = join(world.folder, 'target.db');
  return { ...world, file, ana, codes, target, into: { SALLYPORT_DATABASE_URL: `sqlite:${target}` } };
}

const byCode = (server: Served, code = '') =>
  signIn(server, { email: 'new@acme.example', secret: '' }, code, 'recovery-code');

test('a recovery code that was used after the backup works again, and the operator is told how many people have some', async (t) => {
  const world = await backedUp(t, async (server, codes) => assert.equal((await byCode(server, codes[0])).status, 200));
  const said = await world.command(['restore', world.file, '--replace']);
  assert.equal(said.code, 0, said.err);
  assert.match(said.out, /1 person has recovery codes left\. Codes that were used after this backup work again/);
  const server = await world.serve('one:2');
  assert.equal((await byCode(server, world.codes[0])).status, 200);
});

test('a restore that voids recovery codes leaves none that works', async (t) => {
  const world = await backedUp(t);
  const said = await world.command(['restore', world.file, '--replace', '--void-recovery-codes', '--json']);
  assert.equal(said.code, 0, said.err);
  const { codeHolders, codesVoided } = JSON.parse(said.out);
  assert.deepEqual({ codeHolders, codesVoided }, { codeHolders: 1, codesVoided: 10 });
  const server = await world.serve('one:2');
  for (const code of world.codes.slice(0, 3)) assert.equal((await byCode(server, code)).status, 422);
});

test('a row that does not arrive as it was read undoes the whole copy', async (t) => {
  const world = await backedUp(t);
  await (await world.serve('two:1', undefined, world.into)).stop();
  const tamper = new DatabaseSync(world.target);
  tamper.exec(`delete from audit_events; delete from audit_batches; delete from ring_keys; delete from links; create trigger tamper after insert on users begin
    update users set name = name || ' ' where id = new.id; end`);
  tamper.close();
  for (const command of [
    ['restore', world.file],
    ['import', world.file],
  ]) {
    const said = await world.commandWith(command, world.into);
    assertRefused(said, 1, /the copy is not what was read, and nothing was kept: a row of users is not the same/);
  }
  const looked = new DatabaseSync(world.target);
  for (const table of ['users', 'partners', 'ring_keys', 'audit_events']) {
    assert.deepEqual(looked.prepare(`select * from ${table}`).all(), [], table);
  }
  looked.close();
});

test('a backup with an older schema is brought up to date on its way, and is itself left as it is', async (t) => {
  const world = await backedUp(t);
  const old = join(world.folder, 'old.db');
  await writeOldBackup(old, world.file);
  const said = await world.commandWith(['restore', old], world.into);
  assert.equal(said.code, 0, said.err);
  const server = await world.serve('two:1', undefined, world.into);
  assert.equal((await byCode(server, world.codes[0])).status, 200);
  const [key] = await server.env.db.read.selectFrom('ring_keys').select('activated_at').execute();
  assert(key?.activated_at, 'the key that sealed before there was such a note is known to have sealed');
  const looked = new DatabaseSync(old);
  assert.equal(looked.prepare("select 1 from sqlite_schema where name = 'servers'").get(), undefined);
  looked.close();
});

test('what is no database of ours is called that, on either side', async (t) => {
  const world = await backedUp(t);
  const text = join(world.folder, 'text.db');
  writeFileSync(text, 'not a database, but long enough to be looked at as one');
  for (const command of ['restore', 'import']) {
    assertRefused(await world.commandWith([command, text], world.into), 1, /text\.db is no database of this service/);
    assertRefused(await world.commandWith([command, `${text}x`], world.into), 1, /there is no file/);
  }
  assert.equal(existsSync(world.target), false, 'nothing was made');
  writeFileSync(world.target, 'not a database, but long enough to be looked at as one');
  const said = await world.commandWith(['restore', world.file, '--replace'], world.into);
  assertRefused(said, 1, /cannot use the database .*target\.db .*move it away first/);
  assertRefused(await world.command(['import', world.path]), 1, /is the database of the settings itself/);
});

/** A database as the first version created it, with its form of these rows. */
async function writeOldBackup(path: string, from: string): Promise<void> {
  const sqlite = new DatabaseSync(path);
  const dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(sqlite),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  const provider = { getMigrations: async () => ({ '001-first': first }) };
  const { error } = await new Migrator({ db: new Kysely<unknown>({ dialect }), provider }).migrateToLatest();
  assert.equal(error, undefined);
  sqlite.exec(`pragma foreign_keys = off; attach '${from}' as full`);
  const tables = sqlite
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'kysely%'")
    .all();
  for (const { name } of tables) {
    const columns = sqlite.prepare(`select name from pragma_table_info('${name}')`).all();
    const list = columns.map((column) => `"${column.name}"`).join(', ');
    sqlite.exec(`insert into main."${name}" (${list}) select ${list} from full."${name}"`);
  }
  sqlite.close();
}
