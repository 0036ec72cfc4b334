import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Database, Queries } from '#store/engine/database.ts';
import { StorageUnavailable } from '#store/engine/database.ts';
import { Interrupted } from '#store/engine/postgres/error.ts';
import { type Cluster, startCluster } from '../../../databases/cluster.ts';
import { LOCAL, type OwnDatabase, ownDatabase, until } from '../../../databases/own.ts';
import { openWorld, PASSWORD } from '../../../world.ts';

/** A standby that does not exist, so every COMMIT waits for it. */
const SETTINGS = [
  ...['fsync = off', 'wal_level = replica', 'max_wal_senders = 2'],
  ...['synchronous_commit = on', "synchronous_standby_names = 'nobody'"],
];

let cluster: Cluster;
before(async () => {
  cluster = await startCluster(SETTINGS);
});
after(() => cluster.remove());

const insertAttempt = (tx: Queries) =>
  tx.insertInto('attempts').values({ key: 'a', state: '{}', version: 0, expires_at: 1 }).execute();

/** Cancels or terminates the connection that waits at COMMIT for the standby. */
async function strike({ query, name }: OwnDatabase, how: 'pg_cancel_backend' | 'pg_terminate_backend') {
  return until('a COMMIT that waits', async () => {
    const struck = await query(
      `select ${how}(pid) from pg_stat_activity where datname = $1 and wait_event = 'SyncRep'`,
      [name],
    );
    return struck.length > 0 ? struck : undefined;
  });
}

/** One insert in one transaction. Answers its result and how often its work ran. */
async function insertOnce(db: Database) {
  let runs = 0;
  const outcome = db
    .transaction(async (tx) => {
      runs += 1;
      await insertAttempt(tx);
    })
    .then(
      () => 'kept',
      (error: unknown) => error,
    );
  return { outcome, runs: () => runs };
}

async function openWaiting(t: Parameters<typeof ownDatabase>[0]) {
  const own = await ownDatabase(t, cluster.url('postgres'));
  const ready = await own.open(LOCAL);
  return { own, ready, waiting: await own.open() };
}

function assertUnknown(outcome: unknown): void {
  assert.ok(outcome instanceof StorageUnavailable, String(outcome));
  assert.ok(!(outcome instanceof Interrupted), 'it may be kept: it must not be tried again');
  assert.match(outcome.message, /unknown/);
}

describe('a COMMIT of PostgreSQL', { concurrency: true }, () => {
  it('that is answered with a warning is unknown, and not tried again', async (t) => {
    const { own, waiting } = await openWaiting(t);
    const { outcome, runs } = await insertOnce(waiting);
    await strike(own, 'pg_cancel_backend');
    assertUnknown(await outcome);
    assert.equal(runs(), 1);
    assert.equal((await own.query('select key from attempts')).length, 1, 'it is there: a failover may still lose it');
  });

  it('whose connection ends is unknown, and not tried again', async (t) => {
    const { own, waiting } = await openWaiting(t);
    const { outcome, runs } = await insertOnce(waiting);
    await strike(own, 'pg_terminate_backend');
    assertUnknown(await outcome);
    assert.equal(runs(), 1);
    assert.equal((await own.query('select key from attempts')).length, 1);
  });

  it('that nobody answers is given up, and its connection with it', async (t) => {
    const own = await ownDatabase(t, cluster.url('postgres'));
    await own.open(LOCAL);
    const waiting = await own.open(undefined, 1);
    const { outcome, runs } = await insertOnce(waiting);
    assertUnknown(await outcome);
    assert.equal(runs(), 1);
    assert.equal(await waiting.problem(), undefined, 'the next one gets a connection');
  });

  it('that is unknown is 503 with Retry-After for the caller, on pages and over the API', async (t) => {
    const { own, ready, waiting } = await openWaiting(t);
    const world = await openWorld(t, { db: ready });
    const { id: partnerId } = await world.addPartner();
    const { email } = await world.addUser({ email: 'ana@acme.example', partnerId });
    // The same service, but each of its commits waits.
    const strict = await openWorld(t, { db: waiting });
    const call = strict.api('POST', '/api/v1/sign-in', { email, password: PASSWORD });
    await strike(own, 'pg_cancel_backend');
    const answer = await call;
    assert.deepEqual([answer.status, answer.body.code], [503, 'temporarily_unavailable']);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);

    const form = strict.person().signIn(email);
    await strike(own, 'pg_cancel_backend');
    const page = await form;
    assert.equal(page.status, 503);
    assert.ok(Number(page.headers.get('retry-after')) > 0);
    assert.deepEqual(
      page.headers.getSetCookie().filter((line) => line.includes('pending=')),
      [],
    );
  });
});
