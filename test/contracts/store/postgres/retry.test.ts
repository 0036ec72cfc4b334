import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Database, type Queries, StorageUnavailable } from '#store/engine/database.ts';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { openAddress } from '../../../databases/address.ts';
import { serverUrl } from '../../../databases/open.ts';
import { type OwnDatabase, ownDatabase } from '../../../databases/own.ts';

/** The other side notices a closed connection after a moment. */
const NEWS_MS = 300;

let server: string;
before(async () => {
  server = await serverUrl('postgres');
});

const insertAttempt = (tx: Queries, key: string) =>
  tx.insertInto('attempts').values({ key, state: '{}', version: 0, expires_at: 1 }).execute();

const touch = (tx: Queries, key: string) =>
  tx
    .updateTable('attempts')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('key', '=', key)
    .execute();

async function versions(db: Database) {
  return (await db.read.selectFrom('attempts').select(['key', 'version']).orderBy('key').execute()).map(
    ({ key, version }) => `${key}${version}`,
  );
}

async function backendOf(tx: Queries): Promise<number> {
  return (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows[0]?.pid ?? 0;
}

/** A gate that stays closed until it is opened. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const cut = ({ query }: OwnDatabase, pid: number) => query('select pg_terminate_backend($1)', [pid]);

const isUnavailable = (error: unknown) => error instanceof StorageUnavailable;

describe('a transaction of PostgreSQL', { concurrency: true }, () => {
  it('is run again when its connection ends between two statements', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open();
    let runs = 0;
    await db.transaction(async (tx) => {
      runs += 1;
      await insertAttempt(tx, `run${runs}-`);
      if (runs > 1) return;
      await cut(own, await backendOf(tx));
      // No query runs when the news arrives.
      await wait(NEWS_MS);
      await insertAttempt(tx, 'lost');
    });
    assert.equal(runs, 2);
    assert.deepEqual(await versions(db), ['run2-0']);
  });

  it('is run again when its connection ends before COMMIT was sent', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open();
    let runs = 0;
    await db.transaction(async (tx) => {
      runs += 1;
      await insertAttempt(tx, `run${runs}-`);
      if (runs > 1) return;
      await cut(own, await backendOf(tx));
      await wait(NEWS_MS);
    });
    assert.equal(runs, 2);
    assert.deepEqual(await versions(db), ['run2-0']);
  });

  it('is run again when a deadlock undid it', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open('deadlock_timeout=50ms');
    await db.transaction((tx) => insertAttempt(tx, 'a'));
    await db.transaction((tx) => insertAttempt(tx, 'b'));
    const held = [gate(), gate()];
    let runs = 0;
    const crossing = (mine: number, first: string, second: string) =>
      db.transaction(async (tx) => {
        runs += 1;
        await touch(tx, first);
        held[mine]?.open();
        await held[1 - mine]?.opened;
        await touch(tx, second);
      });
    await Promise.all([crossing(0, 'a', 'b'), crossing(1, 'b', 'a')]);
    assert.equal(runs, 3, 'the one that was undone came again');
    assert.deepEqual(await versions(db), ['a2', 'b2']);
  });

  it('ends as unavailable when a lock or a statement takes too long', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open();
    await db.transaction((tx) => insertAttempt(tx, 'a'));
    let runs = 0;
    const done = gate();
    const holding = db.transaction(async (tx) => {
      await touch(tx, 'a');
      await done.opened;
    });
    const counted = (work: (tx: Queries) => Promise<unknown>) =>
      db.transaction(async (tx) => {
        runs += 1;
        await work(tx);
      });
    await Promise.all([
      assert.rejects(
        counted((tx) => touch(tx, 'a')),
        { message: 'storage unavailable: SQLSTATE 55P03' },
      ),
      assert.rejects(
        counted((tx) => sql`select pg_sleep(60)`.execute(tx)),
        {
          message: 'storage unavailable: SQLSTATE 57014',
        },
      ),
    ]);
    assert.equal(runs, 2, 'once each: it would only wait as long again');
    done.open();
    await holding;
    assert.deepEqual(await versions(db), ['a1']);
  });

  it('ends as unavailable when the pool stays full, while the requests that fill it go on', async (t) => {
    const own = await ownDatabase(t, server);
    const db = await own.open(undefined, 2);
    const [left, done] = [[gate(), gate()], gate()];
    let runs = 0;
    const holding = left.map((one, index) =>
      db.transaction(async (tx) => {
        runs += 1;
        await insertAttempt(tx, `held${index}-`);
        one.open();
        await done.opened;
      }),
    );
    await Promise.all(left.map(({ opened }) => opened));
    assert.deepEqual(db.pool?.(), { total: 2, idle: 0, waiting: 0, most: 2 });
    // With four tries it would outlast those two, because the server ends a transaction that is idle for ten seconds.
    await Promise.all([
      assert.rejects(
        db.transaction((tx) => insertAttempt(tx, 'late')),
        isUnavailable,
      ),
      assert.rejects(db.read.selectFrom('attempts').select('key').execute(), isUnavailable),
    ]);
    done.open();
    await Promise.all(holding);
    assert.equal(runs, 2, 'they were not outlasted');
    assert.deepEqual(await versions(db), ['held0-0', 'held1-0']);
  });

  it('ends as unavailable when the server is there and says nothing, after one try', async (t) => {
    const own = await ownDatabase(t, server);
    const address = await openAddress();
    t.after(() => address.close());
    address.leadTo(Number(new URL(server).port));
    const url = Object.assign(new URL(own.url()), { port: address.port }).href;
    const db = await openPostgres(url, { create: true, connections: 2 });
    t.after(() => db.close());
    const tried = address.fallSilent();
    await assert.rejects(
      db.transaction((tx) => insertAttempt(tx, 'a')),
      isUnavailable,
    );
    assert.equal(tried(), 1);
  });
});
