import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { type Database, type Queries, StorageUnavailable } from '#store/engine/database.ts';
import { SCHEMA_VERSION } from '#store/engine/migrations/all.ts';
import { backupSqlite } from '#store/engine/sqlite/backup.ts';
import { assertLocalFile } from '#store/engine/sqlite/file.ts';
import { assertSqliteVersion, openSqlite } from '#store/engine/sqlite/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}.db`);

async function withDatabase(work: (db: Database, path: string) => Promise<void>): Promise<void> {
  const path = newPath();
  const db = await openSqlite(path, { create: true });
  try {
    await work(db, path);
  } finally {
    await db.close();
  }
}

const insertAttempt = (tx: Queries, key: string, version = 0) =>
  tx.insertInto('attempts').values({ key, state: '{}', version, expires_at: 1 }).execute();

/** Read, then write what was read plus one: loses updates unless transactions are really one after the other. */
async function countUp(tx: Queries): Promise<number> {
  const row = await tx.selectFrom('attempts').select('version').where('key', '=', 'count').executeTakeFirstOrThrow();
  const version = row.version + 1;
  await tx.updateTable('attempts').set({ version }).where('key', '=', 'count').execute();
  return version;
}

const keys = async (db: Database) =>
  (await db.read.selectFrom('attempts').select('key').orderBy('key').execute()).map((row) => row.key);

const outcomes = async (all: Promise<unknown>[]) =>
  (await Promise.allSettled(all)).map((one) => (one.status === 'fulfilled' ? 'kept' : one.reason));

describe('group commit', () => {
  it('rolls back a transaction that throws, and keeps the others of its group', () =>
    withDatabase(async (db) => {
      const results = await outcomes([
        db.transaction((tx) => insertAttempt(tx, 'a')),
        db.transaction(async (tx) => {
          await insertAttempt(tx, 'b');
          throw new Error('no');
        }),
        db.transaction((tx) => insertAttempt(tx, 'c')),
      ]);
      assert.deepEqual(results, ['kept', new Error('no'), 'kept']);
      assert.deepEqual(await keys(db), ['a', 'c']);
    }));

  it('rolls back only the transaction whose statement breaks a constraint', () =>
    withDatabase(async (db) => {
      await outcomes([
        db.transaction((tx) => insertAttempt(tx, 'a')),
        db.transaction(async (tx) => {
          await insertAttempt(tx, 'b');
          await insertAttempt(tx, 'a');
        }),
      ]);
      assert.deepEqual(await keys(db), ['a']);
    }));

  it('runs 50 transactions that read and write at once without losing one', () =>
    withDatabase(async (db) => {
      await db.transaction((tx) => insertAttempt(tx, 'count'));
      const seen = await Promise.all(Array.from({ length: 50 }, () => db.transaction(countUp)));
      assert.deepEqual(
        seen,
        Array.from({ length: 50 }, (_, at) => at + 1),
      );
    }));

  it('shares one commit among the transactions that wait together', () =>
    withDatabase(async (db) => {
      const bystander = await db.transaction(async (tx) => insertAttempt(tx, 'count'));
      assert.ok(bystander);
      const visible = await Promise.all(
        Array.from({ length: 50 }, () =>
          db.transaction(async (tx) => {
            await countUp(tx);
            return (await db.read.selectFrom('attempts').select('version').executeTakeFirstOrThrow()).version;
          }),
        ),
      );
      assert.deepEqual([...new Set(visible)], [0]);
    }));

  it('reads at once what was committed, and writes nothing by way of reading', () =>
    withDatabase(async (db) => {
      for (const key of ['a', 'b', 'c']) {
        await db.transaction((tx) => insertAttempt(tx, key));
        assert.ok((await keys(db)).includes(key));
        await assert.rejects(insertAttempt(db.read, 'read'), /readonly|read-only/i);
      }
      assert.deepEqual(await keys(db), ['a', 'b', 'c']);
    }));

  it('answers no transaction before its commit', () =>
    withDatabase(async (db) => {
      await Promise.all(
        ['a', 'b', 'c'].map(async (key) => {
          await db.transaction((tx) => insertAttempt(tx, key));
          assert.ok((await keys(db)).includes(key));
        }),
      );
    }));

  it('fails every transaction of a group whose COMMIT fails, and goes on with the next', () =>
    withDatabase(async (db) => {
      const results = await outcomes([
        db.transaction((tx) => insertAttempt(tx, 'a')),
        db.transaction(async (tx) => {
          await sql`pragma defer_foreign_keys = on`.execute(tx);
          await tx
            .insertInto('recovery_code_sets')
            .values({ id: 's', user_id: 'nobody', created_at: 1, sealed_copy: null, copy_expires_at: null })
            .execute();
        }),
        db.transaction((tx) => insertAttempt(tx, 'c')),
      ]);
      assert.ok(results.every((one) => one instanceof StorageUnavailable));
      assert.deepEqual(await keys(db), []);
      assert.equal(await db.problem(), undefined);
      await db.transaction((tx) => insertAttempt(tx, 'd'));
      assert.deepEqual(await keys(db), ['d']);
    }));

  it('fails what a full disk rolled back, also where the error is swallowed', () =>
    withDatabase(async (db) => {
      const pages = (await sql<{ page_count: number }>`pragma page_count`.execute(db.read)).rows[0]?.page_count ?? 0;
      await db.transaction((tx) => sql.raw(`pragma max_page_count = ${pages + 20}`).execute(tx));
      const results = await outcomes([
        db.transaction((tx) => insertAttempt(tx, 'before')),
        db.transaction(async (tx) => {
          await insertAttempt(tx, 'x'.repeat(4096 * 100)).catch(() => {});
          await insertAttempt(tx, 'after the error');
        }),
        db.transaction((tx) => insertAttempt(tx, 'next group')),
      ]);
      assert.ok(results[0] instanceof StorageUnavailable);
      assert.ok(results[1] instanceof StorageUnavailable);
      assert.equal(results[2], 'kept');
      assert.deepEqual(await keys(db), ['next group']);
      await assert.rejects(
        db.transaction((tx) => insertAttempt(tx, 'x'.repeat(4096 * 100))),
        new StorageUnavailable('storage unavailable: database or disk is full'),
      );
    }));

  it('fails all that wait while another process keeps the lock, with a problem until it is free', () =>
    withDatabase(async (db, path) => {
      await db.transaction((tx) => sql`pragma busy_timeout = 1`.execute(tx));
      const other = new DatabaseSync(path);
      other.exec('begin immediate');
      const results = await outcomes([
        db.transaction((tx) => insertAttempt(tx, 'a')),
        db.transaction((tx) => insertAttempt(tx, 'b')),
      ]);
      assert.ok(results.every((one) => one instanceof StorageUnavailable));
      assert.equal(await db.problem(), 'storage unavailable: database is locked');
      other.exec('rollback');
      other.close();
      assert.equal(await db.problem(), undefined);
    }));

  it('refuses a statement that a transaction did not await', () =>
    withDatabase(async (db) => {
      const gate = Promise.withResolvers<void>();
      let late: Promise<unknown> = Promise.resolve();
      const first = db.transaction(async (tx) => {
        late = gate.promise.then(() => insertAttempt(tx, 'late'));
      });
      const second = db.transaction(async (tx) => {
        gate.resolve();
        await assert.rejects(late, /await it/);
        await insertAttempt(tx, 'second');
      });
      await Promise.all([first, second]);
      assert.deepEqual(await keys(db), ['second']);
    }));

  it('finishes the transactions that wait at close, and refuses later ones', async () => {
    const path = newPath();
    const db = await openSqlite(path, { create: true });
    const waiting = db.transaction((tx) => insertAttempt(tx, 'a'));
    await Promise.all([waiting, db.close()]);
    await assert.rejects(db.transaction((tx) => insertAttempt(tx, 'b')));
    assert.equal(existsSync(`${path}-wal`), false);
    const again = await openSqlite(path, { create: false });
    assert.deepEqual(await keys(again), ['a']);
    await again.close();
  });

  it('loses nothing while a second process writes', () =>
    withDatabase(async (db, path) => {
      await db.transaction((tx) => insertAttempt(tx, 'count'));
      const other = promisify(execFile)(process.execPath, ['--input-type=module', '-e', COUNT_UP_40, path]);
      for (let round = 0; round < 40; round++) {
        await db.transaction(countUp);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await other;
      const row = await db.read.selectFrom('attempts').select('version').executeTakeFirst();
      assert.equal(row?.version, 80);
    }));
});

const COUNT_UP_40 = `
  import { SCHEMA_VERSION } from '#store/engine/migrations/all.ts';
  import { openSqlite } from '${import.meta.resolve('#store/engine/sqlite/open.ts')}';
  const db = await openSqlite(process.argv[1], { create: false });
  const countUp = ${countUp.toString()};
  for (let round = 0; round < 40; round++) {
    await db.transaction(countUp);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await db.close();`;

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
