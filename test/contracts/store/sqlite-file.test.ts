import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { SCHEMA_VERSION } from '#store/engine/migrations/all.ts';
import { backupSqlite } from '#store/engine/sqlite/backup.ts';
import { assertLocalFile } from '#store/engine/sqlite/file.ts';
import { assertSqliteVersion, openSqlite } from '#store/engine/sqlite/open.ts';
import { insertAttempt, keys, newPath, withDatabase } from './sqlite-world.ts';

describe('opening', () => {
  it('makes a file that only its owner reads, and asserts what durability rests on', () =>
    withDatabase(async (db, path) => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const pragma = async (name: string) =>
        db.transaction(async (tx) => Object.values((await sql.raw(`pragma ${name}`).execute(tx)).rows[0] ?? {})[0]);
      assert.equal(await pragma('journal_mode'), 'wal');
      assert.equal(await pragma('synchronous'), 2);
      assert.equal(await pragma('foreign_keys'), 1);
      assert.equal(await pragma('secure_delete'), 1);
      assert.equal(await pragma('mmap_size'), 0);
      assert.equal(await pragma('busy_timeout'), 5000);
    }));

  it('refuses an SQLite before 3.51.3', () => {
    assertSqliteVersion('3.51.3');
    assertSqliteVersion('3.100.0');
    assert.throws(() => assertSqliteVersion('3.51.2'), /SQLite 3\.51\.2 is too old/);
    assert.throws(() => assertSqliteVersion('3.9.0'), /too old/);
  });

  it('refuses a network file system', { skip: process.platform !== 'linux' }, () => {
    assertLocalFile('/data/sallyport.db', () => 0xef53);
    assert.throws(() => assertLocalFile('/data/sallyport.db', () => 0x6969), /lies on NFS/);
  });

  it('names a missing file, and makes it only for the server', async () => {
    const path = newPath();
    await assert.rejects(openSqlite(path, { create: false }), new RegExp(`no database at ${path}`));
    assert.equal(existsSync(path), false);
  });

  it('refuses a file that is no database, in one line', async () => {
    const path = newPath();
    writeFileSync(path, 'not a database, but long enough to be looked at as one');
    await assert.rejects(openSqlite(path, { create: true }), /^Error: cannot use the database [^\n]*not a database$/);
  });

  it('refuses a schema that a newer version wrote', async () => {
    const path = newPath();
    await (await openSqlite(path, { create: true })).close();
    const raw = new DatabaseSync(path);
    raw.exec("insert into kysely_migration values ('999-later', '2099-01-01T00:00:00.000Z')");
    raw.close();
    await assert.rejects(openSqlite(path, { create: true }), /newer version \(it has migration 999-later\)/);
  });

  it('copies an older database beside it before it migrates, and only the server migrates', async () => {
    const path = newPath();
    const raw = new DatabaseSync(path);
    raw.exec("create table relic (x text); insert into relic values ('old')");
    raw.close();
    await assert.rejects(openSqlite(path, { create: false }), /older than this version/);
    await (await openSqlite(path, { create: true })).close();
    assert.equal(statSync(`${path}.before-${SCHEMA_VERSION}`).mode & 0o777, 0o600);
    const copy = new DatabaseSync(`${path}.before-${SCHEMA_VERSION}`);
    assert.deepEqual({ ...copy.prepare('select * from relic').get() }, { x: 'old' });
    assert.equal(copy.prepare("select 1 from sqlite_schema where name = 'partners'").get(), undefined);
    copy.close();
  });

  it('copies nothing when there is nothing to migrate', async () => {
    const path = newPath();
    for (let start = 0; start < 2; start++) await (await openSqlite(path, { create: true })).close();
    assert.equal(existsSync(`${path}.before-${SCHEMA_VERSION}`), false);
  });

  it('tells when the file is gone', () =>
    withDatabase(async (db, path) => {
      rmSync(path);
      assert.equal(await db.problem(), 'storage unavailable: the database file is gone');
    }));

  it('keeps databases in memory apart, beyond a checkpoint', async () => {
    const [one, two] = [await openSqlite(':memory:', { create: true }), await openSqlite(':memory:', { create: true })];
    for (let i = 0; i < 60; i++) await one.transaction((tx) => insertAttempt(tx, `${i}${'x'.repeat(100_000)}`));
    assert.equal((await keys(one)).length, 60);
    assert.deepEqual(await keys(two), []);
    await Promise.all([one.close(), two.close()]);
  });
});

describe('the schema', () => {
  const device = { id: 'd1', user_id: 'u1', token_hash: 'h', created_at: 1, expires_at: 2 };

  async function insertUser(tx: Queries, id: string): Promise<void> {
    const at = { created_at: 1, disabled_at: null, mfa_skipped_at: null };
    await tx
      .insertInto('users')
      .values({ id, partner_id: null, email: id, name: id, role: 'admin', sealed_password: null, locale: null, ...at })
      .execute();
  }

  it('ends with a user what is theirs, and knows one device for several users', () =>
    withDatabase(async (db) => {
      await db.transaction(async (tx) => {
        await insertUser(tx, 'u1');
        await insertUser(tx, 'u2');
        await tx
          .insertInto('devices')
          .values([device, { ...device, id: 'd2', user_id: 'u2' }])
          .execute();
        await tx.deleteFrom('users').where('id', '=', 'u1').execute();
      });
      const left = await db.read.selectFrom('devices').select('id').execute();
      assert.deepEqual(left, [{ id: 'd2' }]);
    }));

  it('refuses a value outside a closed union, a second user of an address and a wrong type', () =>
    withDatabase(async (db) => {
      await db.transaction((tx) => insertUser(tx, 'u1'));
      await assert.rejects(
        db.transaction((tx) => sql`update users set role = 'root'`.execute(tx)),
        /CHECK/,
      );
      await assert.rejects(
        db.transaction((tx) => sql`update users set created_at = 'now'`.execute(tx)),
        /cannot store/,
      );
      const again = db.transaction(async (tx) => {
        await insertUser(tx, 'u2');
        await tx.updateTable('users').set({ email: 'u1' }).where('id', '=', 'u2').execute();
      });
      await assert.rejects(again, /UNIQUE/);
    }));
});

describe('backup', () => {
  it('takes everything but the sealed copies of recovery codes, and no trace of them', () =>
    withDatabase(async (db, path) => {
      const target = `${path}.backup`;
      await db.transaction(async (tx) => {
        await insertAttempt(tx, 'a');
        await sql`insert into users (id, email, name, role, created_at) values ('u', 'e', 'n', 'admin', 1)`.execute(tx);
        await sql`insert into recovery_code_sets values ('s', 'u', 1, ${'v1.MARKER'.padEnd(900, '.')}, 9)`.execute(tx);
      });
      assert.ok(readFileSync(`${path}-wal`).includes('v1.MARKER'));
      const careless = new DatabaseSync(path);
      careless.exec('pragma secure_delete = off');
      careless.exec(
        `insert into attempts (key, state, version, expires_at) values ('gone', '${'REMAINS'.repeat(9_000)}', 1, 1)`,
      );
      careless.exec("delete from attempts where key = 'gone'");
      careless.close();
      await backupSqlite(path, target);
      assert.equal(readFileSync(target).includes('MARKER'), false);
      assert.equal(readFileSync(target).includes('REMAINS'), false);
      assert.equal(statSync(target).mode & 0o777, 0o600);
      const copy = new DatabaseSync(target);
      assert.equal(copy.prepare('select count(*) as n from attempts').get()?.n, 1);
      const set = copy.prepare('select id, sealed_copy, copy_expires_at from recovery_code_sets').get();
      assert.deepEqual({ ...set }, { id: 's', sealed_copy: null, copy_expires_at: null });
      copy.close();
      const own = await db.read.selectFrom('recovery_code_sets').select('sealed_copy').executeTakeFirst();
      assert.ok(own?.sealed_copy?.startsWith('v1.MARKER'));
    }));

  it('replaces no file and leaves none when it fails', () =>
    withDatabase(async (_, path) => {
      const target = `${path}.backup`;
      writeFileSync(target, 'precious');
      await assert.rejects(backupSqlite(path, target), /exists already/);
      assert.equal(readFileSync(target, 'utf8'), 'precious');
      await assert.rejects(backupSqlite(newPath(), `${target}2`), /no database at/);
      assert.equal(existsSync(`${target}2`), false);
    }));
});
