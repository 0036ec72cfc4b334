import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '#store/engine/database.ts';
import {
  claimDelivery,
  deleteOldDeliveries,
  listDue,
  listDueReceivers,
  type QueueTable,
  settleDelivery,
} from '#store/queue/delivery-queue.ts';
import { openTestDatabase } from '../../databases/open.ts';

const NOW = 1_800_000_000;
const TABLES = ['outbox', 'webhook_deliveries', 'oidc_logouts'] as const;
const RECEIVERS = ['one', 'two'] as const;
type Receiver = (typeof RECEIVERS)[number];

async function open(t: TestContext): Promise<Database> {
  const db = await openTestDatabase();
  t.after(() => db.close());
  await db.transaction(async (tx) => {
    for (const id of RECEIVERS) {
      const off = { disabled_at: null, disabled_because: null, failing_since: null };
      await tx
        .insertInto('webhooks')
        .values({ id, url: '', events: '', created_at: NOW, ...off })
        .execute();
      await sql`insert into oidc_clients
        (id, name, type, redirect_uris, post_logout_redirect_uris, backchannel_internal, third_party, id_token_alg, created_at, created_by)
        values (${id}, ${id}, 'web', '[]', '[]', 0, 0, 'ES256', ${NOW}, '')`.execute(tx);
    }
  });
  return db;
}

function add(db: Database, table: QueueTable, row: { id: string; to: Receiver; at: number }): Promise<void> {
  const { id, to, at } = row;
  const due = { id, tries: 0, next_try_at: at };
  return db.transaction(async (tx) => {
    if (table === 'oidc_logouts') {
      await tx
        .insertInto(table)
        .values({ ...due, client_id: to, user_id: 'u', sid: 's', first_try_at: null })
        .execute();
    } else if (table === 'webhook_deliveries') {
      const open = { delivered_at: null, dead_at: null, last_fault: null };
      await tx
        .insertInto(table)
        .values({ ...due, ...open, webhook_id: to, type: '', payload: '', created_at: at })
        .execute();
    } else {
      const open = { sent_at: null, dead_at: null, last_fault: null, held_since: null, not_before: 0, held_back: 0 };
      const mail = { kind: 'new_device', recipient: to, locale: 'en', sealed_parameters: '', created_at: at };
      await tx
        .insertInto(table)
        .values({ ...due, ...open, ...mail, expires_at: NOW + 3600 })
        .execute();
    }
  });
}

const claim = (db: Database, table: QueueTable, id: string, now: number) =>
  db.transaction((tx) => claimDelivery(tx, table, id, { now, untilAt: now + 40 }));

for (const table of TABLES) {
  const [one, both] = table === 'outbox' ? ['', ['']] : ['one', ['one', 'two']];

  test(`${table}: what is due waits in a line for each receiver, the longest waiting first`, async (t) => {
    const db = await open(t);
    assert.deepEqual(await listDueReceivers(db.read, table, NOW), []);
    await add(db, table, { id: 'b', to: 'one', at: NOW });
    await add(db, table, { id: 'a', to: 'one', at: NOW });
    await add(db, table, { id: 'c', to: 'one', at: NOW - 1 });
    await add(db, table, { id: 'd', to: 'two', at: NOW + 5 });
    assert.deepEqual(await listDueReceivers(db.read, table, NOW - 2), []);
    assert.deepEqual(await listDueReceivers(db.read, table, NOW), [one]);
    assert.deepEqual((await listDueReceivers(db.read, table, NOW + 5)).toSorted(), both);
    const due = await listDue(db.read, table, { receiver: one ?? '', now: NOW, limit: 2 });
    assert.deepEqual(
      due.map(({ id }) => id),
      ['c', 'a'],
    );
  });

  test(`${table}: a row is claimed once, waits for its time, and is claimed again after it`, async (t) => {
    const db = await open(t);
    await add(db, table, { id: 'a', to: 'one', at: NOW });
    assert.equal(await claim(db, table, 'a', NOW - 1), false, 'before it is due');
    const claims = await Promise.all(Array.from({ length: 5 }, () => claim(db, table, 'a', NOW)));
    assert.equal(claims.filter(Boolean).length, 1);
    assert.deepEqual(await listDueReceivers(db.read, table, NOW + 39), []);
    assert.equal(await claim(db, table, 'a', NOW + 40), true, 'who had it has died');
    const [row] = await listDue(db.read, table, { receiver: one ?? '', now: NOW + 80, limit: 1 });
    assert.equal(row?.tries, 2);
    await db.transaction((tx) => settleDelivery(tx, table, 'a', { next_try_at: NOW + 1000 }));
    assert.deepEqual(await listDueReceivers(db.read, table, NOW + 999), []);
    assert.equal(await claim(db, table, 'a', NOW + 999), false);
  });
}

test('what was delivered or given up is not due again, and a webhook that does not listen has nothing due', async (t) => {
  const db = await open(t);
  for (const id of ['a', 'b', 'c']) await add(db, 'webhook_deliveries', { id, to: 'one', at: NOW });
  for (const id of ['a', 'b', 'c']) await add(db, 'outbox', { id, to: 'one', at: NOW });
  await db.transaction(async (tx) => {
    await settleDelivery(tx, 'webhook_deliveries', 'a', { delivered_at: NOW });
    await settleDelivery(tx, 'webhook_deliveries', 'b', { dead_at: NOW, last_fault: 'timeout' });
    await settleDelivery(tx, 'outbox', 'a', { sent_at: NOW });
    await settleDelivery(tx, 'outbox', 'b', { dead_at: NOW });
  });
  for (const table of ['webhook_deliveries', 'outbox'] as const) {
    const asked = { receiver: table === 'outbox' ? '' : 'one', now: NOW, limit: 9 };
    assert.deepEqual(
      (await listDue(db.read, table, asked)).map(({ id }) => id),
      ['c'],
    );
    assert.deepEqual([await claim(db, table, 'a', NOW), await claim(db, table, 'b', NOW)], [false, false]);
  }
  await db.transaction((tx) => tx.updateTable('webhooks').set({ disabled_at: NOW }).where('id', '=', 'one').execute());
  assert.deepEqual(await listDueReceivers(db.read, 'webhook_deliveries', NOW), []);
  assert.deepEqual(await listDue(db.read, 'webhook_deliveries', { receiver: 'one', now: NOW, limit: 9 }), []);
});

test('a mail that is over, or that its address is spared until later, is neither due nor claimed', async (t) => {
  const db = await open(t);
  for (const id of ['over', 'spared', 'ahead']) await add(db, 'outbox', { id, to: 'one', at: NOW });
  await db.transaction(async (tx) => {
    await settleDelivery(tx, 'outbox', 'over', { expires_at: NOW });
    await settleDelivery(tx, 'outbox', 'spared', { not_before: NOW + 60 });
    await settleDelivery(tx, 'outbox', 'ahead', { not_before: NOW + 26 * 3600 });
  });
  const due = await listDue(db.read, 'outbox', { receiver: '', now: NOW, limit: 9 });
  assert.deepEqual(
    due.map(({ id }) => id),
    ['ahead'],
    'no clock that was ahead holds one for longer than a budget',
  );
  for (const id of ['over', 'spared']) assert.equal(await claim(db, 'outbox', id, NOW), false);
});

test('old rows go in batches, whatever became of them', async (t) => {
  const db = await open(t);
  for (const table of ['webhook_deliveries', 'outbox'] as const) {
    for (const [index, id] of ['a', 'b', 'c', 'new'].entries())
      await add(db, table, { id, to: 'one', at: NOW + index });
    const old = { before: NOW + 3, limit: 2 };
    const counts = [];
    for (let round = 0; round < 3; round++) {
      counts.push(await db.transaction((tx) => deleteOldDeliveries(tx, table, old)));
    }
    assert.deepEqual(counts, [2, 1, 0]);
  }
});
