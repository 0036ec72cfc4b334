import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { sql } from 'kysely';
import type { Database, Queries } from '#store/engine/database.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { serverUrl } from '../../../databases/open.ts';
import { ask, ownDatabase } from '../../../databases/own.ts';
import { makeBouncerReady, startBouncer } from '../../../databases/pgbouncer.ts';

/** The number of prepared statements on the connection of this transaction. */
async function namedOn(tx: Queries): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pg_prepared_statements where name like ${'sallyport%'}`.execute(tx);
  return Number(rows[0]?.count);
}

const findKey = (queries: Queries, key: string) =>
  queries.selectFrom('attempts').selectAll().where('key', '=', key).execute();

async function openDirect(t: TestContext): Promise<{ db: Database; url: string }> {
  const own = await ownDatabase(t, await serverUrl('postgres'));
  const db = await openPostgres(own.url(), { create: true, connections: 1 });
  t.after(() => db.close());
  return { db, url: own.url() };
}

describe('statements on PostgreSQL', () => {
  it('are planned once for each connection', async (t) => {
    const { db } = await openDirect(t);
    const count = await db.transaction(async (tx) => {
      const before = await namedOn(tx);
      for (const key of ['a', 'b', 'c']) await findKey(tx, key);
      return (await namedOn(tx)) - before;
    });
    assert.equal(count, 1);
  });

  it('are planned again when a newer version adds a column', async (t) => {
    const { db, url } = await openDirect(t);
    const insert = (key: string) =>
      db.transaction(async (tx) => {
        await findKey(tx, key);
        await tx.insertInto('attempts').values({ key, state: '{}', version: 1, expires_at: 7 }).execute();
      });
    await insert('a');
    assert.equal((await findKey(db.read, 'a')).length, 1);
    await ask(url, 'alter table attempts add column more text');
    assert.equal((await findKey(db.read, 'a')).length, 1);
    await ask(url, 'alter table attempts add column still_more text');
    await insert('b');
    assert.equal((await findKey(db.read, 'b')).length, 1);
  });

  it('are refused when their transaction is over', async (t) => {
    const { db } = await openDirect(t);
    const ended = await db.transaction(async (tx) => ({ tx }));
    await assert.rejects(findKey(ended.tx, 'a'), /outside its transaction/);
  });

  it('have no name where a pooler stands between', { skip: makeBouncerReady() ?? false }, async (t) => {
    const bouncer = await startBouncer(await serverUrl('postgres'), 1);
    t.after(() => bouncer.remove());
    const own = await ownDatabase(t, await serverUrl('postgres'));
    const db = await openPostgres(bouncer.url(own.name), { create: true, connections: 1 });
    t.after(() => db.close());
    await findKey(db.read, 'a');
    assert.equal(await db.transaction(namedOn), 0);
  });
});
