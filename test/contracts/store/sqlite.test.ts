import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { StorageUnavailable } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { countUp, insertAttempt, keys, newPath, withDatabase } from './sqlite-world.ts';

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

  it('reads a column that another process adds while this one runs', () =>
    withDatabase(async (db, path) => {
      await db.transaction((tx) => insertAttempt(tx, 'a'));
      const all = () => sql<Record<string, unknown>>`select * from attempts`.execute(db.read);
      const [before] = (await all()).rows;
      const other = new DatabaseSync(path);
      other.exec("alter table attempts add column more text default 'added'");
      other.close();
      assert.deepEqual((await all()).rows, [{ ...before, more: 'added' }]);
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
  import { openSqlite } from '${import.meta.resolve('#store/engine/sqlite/open.ts')}';
  const db = await openSqlite(process.argv[1], { create: false });
  const countUp = ${countUp.toString()};
  for (let round = 0; round < 40; round++) {
    await db.transaction(countUp);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await db.close();`;
