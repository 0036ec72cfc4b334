import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { copyRows } from '#store/engine/copy-rows.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdRules, lockRules } from '#store/engine/locks.ts';
import { changeStoredSetting, findSetting, listSettings, readStoredSettings } from '#store/instance/settings.ts';
import { KIND, openTestDatabase } from '../../databases/open.ts';

const BASE = { name: 'product-name', value: 'Acme', changed_at: 1, changed_by: 'command_line' };

async function open(t: { after(work: () => unknown): void }) {
  const db = await openTestDatabase();
  t.after(() => db.close());
  const change = (seen: number, value: string | null) =>
    db.transaction((tx) => changeStoredSetting(tx, { ...BASE, value, seen }));
  return { db, change };
}

test('a change replaces the version that was seen, and no other', async (t) => {
  const { db, change } = await open(t);
  assert.equal(await change(0, 'Acme'), true);
  assert.equal(await change(0, 'Late'), false, 'somebody else was first');
  assert.equal(await change(1, 'Second'), true);
  assert.equal(await change(1, 'Late'), false);
  assert.equal(await change(7, 'Never seen'), false);
  assert.deepEqual(await findSetting(db.read, BASE.name), { ...BASE, value: 'Second', version: 2 });
});

test('of changes at once that saw the same version, one is stored', async (t) => {
  const { db, change } = await open(t);
  for (const seen of [0, 1]) {
    const done = await Promise.all(Array.from({ length: 20 }, (_, index) => change(seen, `Name ${index}`)));
    assert.equal(done.filter((isDone) => isDone).length, 1);
  }
  assert.equal((await findSetting(db.read, BASE.name))?.version, 2);
});

test('the default leaves a row, so its version never comes again', async (t) => {
  const { db, change } = await open(t);
  await change(0, 'Acme');
  await change(1, null);
  assert.equal((await readStoredSettings(db.read)).size, 0);
  assert.equal(await change(0, 'Late'), false);
  assert.equal(await change(2, 'Again'), true);
});

test('a backup, an export and an import carry the settings', async (t) => {
  const { db, change } = await open(t);
  const { db: copy } = await open(t);
  await change(0, 'Acme');
  const copied = await copy.transaction((tx) => copyRows(db.read, tx));
  assert.equal(copied.find(({ table }) => table === 'instance_settings')?.rows, 1);
  assert.deepEqual(await listSettings(copy.read), await listSettings(db.read));
});

test('a change of a rule sees what the transactions that held the rules have done', async (t) => {
  const { db } = await open(t);
  const held = Promise.withResolvers<void>();
  let isChanged = false;
  const reset = db.transaction(async (tx) => {
    await holdRules(tx);
    held.resolve();
    // SQLite has one writer, so the change has not begun.
    while (KIND === 'postgres' && !isChanged && !(await somebodyWaits(tx)));
    await changeStoredSetting(tx, { ...BASE, seen: 0 });
  });
  await held.promise;
  const seen = await db.transaction(async (tx) => {
    await lockRules(tx);
    const setting = await findSetting(tx, BASE.name);
    isChanged = true;
    return setting;
  });
  await reset;
  assert.equal(seen?.value, 'Acme');
});

/** Whether another transaction waits for an advisory lock of this database. */
async function somebodyWaits(tx: Queries): Promise<boolean> {
  const ours = sql`(select oid from pg_database where datname = current_database())`;
  const waiting = sql`select 1 from pg_locks where locktype = 'advisory' and not granted and database = ${ours}`;
  return (await waiting.execute(tx)).rows.length > 0;
}
