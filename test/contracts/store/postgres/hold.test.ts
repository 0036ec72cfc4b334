import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { holdTables } from '#store/engine/copy-rows.ts';
import { openTestDatabase } from '../../../databases/open.ts';

test('while a copy goes in, others read, and writes wait for its end', async (t) => {
  const db = await openTestDatabase();
  t.after(() => db.close());
  const order: string[] = [];
  let writing: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await holdTables(tx, db.kind);
    const note = { id: 'k1', fingerprint: 'x', first_used_at: 1, activated_at: null, retired_at: null };
    writing = db
      .transaction((other) => other.insertInto('ring_keys').values(note).execute())
      .then(() => order.push('written'));
    assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), []);
    await wait(300);
    order.push('copied');
  });
  await writing;
  assert.deepEqual(order, ['copied', 'written']);
});
