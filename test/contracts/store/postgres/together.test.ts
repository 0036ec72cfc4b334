import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Database, type Queries, StorageUnavailable } from '#store/engine/database.ts';
import { Interrupted } from '#store/engine/postgres/error.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { openAddress } from '../../../databases/address.ts';
import { serverUrl } from '../../../databases/open.ts';
import { type OwnDatabase, ownDatabase } from '../../../databases/own.ts';

let server: string;
before(async () => {
  server = await serverUrl('postgres');
});

const put = statement((q: Queries, p: Param<{ key: string }>) =>
  q.insertInto('attempts').values({ key: p.key, state: '{}', version: 0, expires_at: 1 }),
);
const touch = statement((q: Queries, p: Param<{ key: string }>) =>
  q
    .updateTable('attempts')
    .set((row) => ({ version: row('version', '+', 1) }))
    .where('key', '=', p.key),
);

const keysIn = async (db: Database) =>
  (await db.read.selectFrom('attempts').select(['key', 'version']).orderBy('key').execute()).map(
    ({ key, version }) => `${key}${version}`,
  );

/** Counts the writes of this process's sockets to the kernel. */
function countWrites(t: TestContext): () => number {
  const prototype = Socket.prototype as Required<Pick<Socket, '_write' | '_writev'>>;
  const [alone, together] = [t.mock.method(prototype, '_write'), t.mock.method(prototype, '_writev')];
  return () => alone.mock.callCount() + together.mock.callCount();
}

/** Resolves when a statement of this database waits for a lock. */
async function untilOneWaits({ query, name }: OwnDatabase): Promise<number> {
  for (;;) {
    const waiting = "select pid from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'";
    const [row] = await query(waiting, [name]);
    if (row) return Number(row.pid);
    await wait(20);
  }
}

describe('what a transaction of PostgreSQL sends together', () => {
  it('is one write, with BEGIN or with COMMIT', async (t) => {
    const db = await (await ownDatabase(t, server)).open(undefined, 1);
    const writes = countWrites(t);
    await db.transaction(async (tx) => {
      await put.send(tx, { key: 'a' });
      await put.send(tx, { key: 'b' });
    });
    assert.equal(writes(), 2, 'COMMIT waits until the connection has answered once');
    await db.transaction(async (tx) => {
      await put.send(tx, { key: 'c' });
      assert.equal(await touch.run(tx, { key: 'a' }), 1);
      await put.send(tx, { key: 'd' });
    });
    assert.equal(writes(), 4, 'one for what waited for an answer, one for the rest');
    assert.deepEqual(await keysIn(db), ['a1', 'b0', 'c0', 'd0']);
  });

  it('fails with its own error at COMMIT, and nothing is kept', async (t) => {
    const db = await (await ownDatabase(t, server)).open();
    await db.transaction((tx) => put.send(tx, { key: 'a' }));
    const twice = db.transaction(async (tx) => {
      await put.send(tx, { key: 'b' });
      await put.send(tx, { key: 'a' });
      await put.send(tx, { key: 'c' });
    });
    await assert.rejects(twice, { code: '23505' });
    assert.deepEqual(await keysIn(db), ['a0']);
  });

  it('fails with its own error at the next answer', async (t) => {
    const db = await (await ownDatabase(t, server)).open();
    await db.transaction((tx) => put.send(tx, { key: 'a' }));
    let came = false;
    const twice = db.transaction(async (tx) => {
      await put.send(tx, { key: 'a' });
      await touch.run(tx, { key: 'a' });
      came = true;
    });
    await assert.rejects(twice, { code: '23505' });
    assert.equal(came, false);
    await db.transaction((tx) => put.send(tx, { key: 'b' }));
    assert.deepEqual(await keysIn(db), ['a0', 'b0'], 'the connection is as good as before');
  });

  it('is refused after another branch of the transaction has failed', async (t) => {
    const db = await (await ownDatabase(t, server)).open(undefined, 1);
    let late: Promise<unknown> = Promise.resolve();
    const failed = db.transaction(async (tx) => {
      late = put.run(tx, { key: 'a' }).then(() => put.run(tx, { key: 'b' }));
      late.catch(() => {});
      throw new Error('no');
    });
    await assert.rejects(failed, /no/);
    await assert.rejects(late, /outside its transaction/);
    assert.deepEqual(await keysIn(db), []);
  });

  it('is sent again when a deadlock undid it', async (t) => {
    const db = await (await ownDatabase(t, server)).open('deadlock_timeout=50ms');
    for (const key of ['a', 'b']) await db.transaction((tx) => put.send(tx, { key }));
    const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let runs = 0;
    const crossing = (mine: number, first: string, second: string) =>
      db.transaction(async (tx) => {
        runs += 1;
        await touch.run(tx, { key: first });
        held[mine]?.resolve();
        await held[1 - mine]?.promise;
        await touch.send(tx, { key: second });
      });
    await Promise.all([crossing(0, 'a', 'b'), crossing(1, 'b', 'a')]);
    assert.equal(runs, 3);
    assert.deepEqual(await keysIn(db), ['a2', 'b2']);
  });

  it('is sent again when its connection was gone before any of it, unnoticed', async (t) => {
    const own = await ownDatabase(t, server);
    const address = await openAddress();
    t.after(() => address.close());
    const { port } = new URL(server);
    address.leadTo(Number(port));
    const url = Object.assign(new URL(own.url()), { port: address.port }).href;
    const db = await openPostgres(url, { create: true, connections: 1 });
    t.after(() => db.close());
    let runs = 0;
    await db.transaction(async (tx) => {
      runs += 1;
      if (runs === 1) address.cut();
      address.leadTo(Number(port));
      await put.send(tx, { key: 'a' });
    });
    assert.equal(runs, 2);
    assert.deepEqual(await keysIn(db), ['a0']);
  });

  it('is unknown and not sent again when the connection ends with COMMIT on its way', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open();
    await db.transaction((tx) => put.send(tx, { key: 'a' }));
    const [holds, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = db.transaction(async (tx) => {
      await touch.run(tx, { key: 'a' });
      holds.resolve();
      await done.promise;
    });
    await holds.promise;
    let runs = 0;
    const cut = db.transaction(async (tx) => {
      runs += 1;
      await touch.run(tx, { key: 'nobody has it' });
      await touch.send(tx, { key: 'a' });
    });
    const isUnknown = (error: unknown) => error instanceof StorageUnavailable && !(error instanceof Interrupted);
    const ended = assert.rejects(cut, isUnknown);
    await own.query('select pg_terminate_backend($1)', [await untilOneWaits(own)]);
    await ended;
    assert.equal(runs, 1);
    done.resolve();
    await holding;
    assert.deepEqual(await keysIn(db), ['a1']);
  });
});
