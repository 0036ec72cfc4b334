import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { sql } from 'kysely';
import { attemptCounter, splitAttemptCounter } from '#core/limits/counter-kinds.ts';
import { giveBackTry, reenableTries, unlockTries } from '#core/limits/throttle.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Queries } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { changeTries, deleteExpiredTries, deleteTries, findTries, reserveTries } from '#store/limits/attempts.ts';

const NOW = 1_800_000_000;
const DAY = 24 * 60 * 60;

const db = await openSqlite(':memory:', { create: true });
after(() => db.close());
beforeEach(() => db.transaction((tx) => tx.deleteFrom('attempts').execute()));

const code = splitAttemptCounter('code', '1', undefined);
const address = attemptCounter('address-code', '1');
const mail = attemptCounter('reset-mail', '1');

function reserve(...tries: Parameters<typeof reserveTries>[1]) {
  return db.transaction((tx) => refusalOf(tx, ...tries));
}

/** Why the attempts were not counted. Undefined if they were. */
async function refusalOf(tx: Queries, ...tries: Parameters<typeof reserveTries>[1]) {
  const counted = await reserveTries(tx, tries, NOW);
  return isRefusal(counted) ? counted : undefined;
}

test('two hundred tries at once let through no more than the budget', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => reserve(address)));
  assert.equal(answers.filter((refusal) => refusal === undefined).length, 30);
  assert.ok(answers.every((refusal) => refusal === undefined || refusal.refused === 'too_many_attempts'));
});

test('tries that read the same state do not both count from it', async () => {
  for (const already of [0, 1]) {
    if (already) await reserve(address);
    const answers = await db.transaction((tx) => Promise.all(Array.from({ length: 50 }, () => refusalOf(tx, address))));
    assert.equal(answers.filter((refusal) => refusal === undefined).length, 30 - already);
    await db.transaction((tx) => deleteTries(tx, [address.key]));
  }
});

test('counts a try for every key, and for none when one has no room', async () => {
  for (let count = 0; count < 3; count++) assert.equal(await reserve(address, mail), undefined);
  const before = await rows();
  const refusal = await reserve(address, code, mail);
  assert.equal(refusal?.refused, 'too_many_attempts');
  assert.deepEqual(await rows(), before);
});

test('two new counters are added together, or neither when somebody else has added one', async () => {
  await reserve(code, address);
  const together = await rows();
  await db.transaction((tx) => deleteTries(tx, [code.key]));
  // As read before the other transaction committed.
  const counted = await db.transaction((tx) => reserveTries(tx, [code, address], NOW, []));
  assert.ok(!isRefusal(counted));
  assert.deepEqual(
    counted.map(({ key, row }) => [key, row.version]),
    [
      [address.key, 2],
      [code.key, 1],
    ],
  );
  assert.deepEqual(
    (await rows()).map(({ key }) => key),
    together.map(({ key }) => key),
  );
  assert.deepEqual((await findTries(db.read, address.key))?.windows, [[[Math.floor(NOW / 60), 2]]]);
});

test('answers with the first rule that has no room', async () => {
  for (let count = 0; count < 3; count++) await reserve(mail);
  for (let count = 0; count < 5; count++) await reserve(code);
  assert.equal((await reserve(code, mail))?.retryAfterSeconds, 60);
  assert.ok(Number((await reserve(mail, code))?.retryAfterSeconds) >= 3600);
});

test('a try that is rolled back was never counted, one that is committed stays', async () => {
  const broken = db.transaction(async (tx) => {
    await reserveTries(tx, [mail], NOW);
    throw new Error('the connection broke');
  });
  await assert.rejects(broken);
  assert.equal(await findTries(db.read, mail.key), undefined);
  await reserve(mail);
  assert.deepEqual(await findTries(db.read, mail.key), {
    streak: 0,
    windows: [[[NOW / 60, 1]]],
    expiresAt: NOW + 3600 + 59,
    writtenAt: NOW,
    aheadSeconds: 0,
  });
});

test('gives back, unlocks and re-enables what is counted', async () => {
  for (let count = 0; count < 5; count++) await reserve(code);
  const change = (apply: Parameters<typeof changeTries>[2]) =>
    db.transaction((tx) => changeTries(tx, code.key, apply, NOW));
  await change((state) => giveBackTry(code.rule, state, NOW));
  assert.equal((await findTries(db.read, code.key))?.streak, 0);
  for (let count = 0; count < 5; count++) await reserve(code);
  assert.notEqual(await reserve(code), undefined);
  await change((state) => unlockTries(code.rule, state));
  assert.equal(await reserve(code), undefined);
  await change(() => reenableTries(code.rule));
  assert.deepEqual((await findTries(db.read, code.key))?.windows, [[], []]);
});

test('gives a try back from the row as it was counted, and from the newest when others came between', async () => {
  const counted = await db.transaction((tx) => reserveTries(tx, [code, mail], NOW));
  assert(!isRefusal(counted));
  const [first, second] = counted;
  assert.deepEqual([first?.row, second?.row], await rows());
  await reserve(mail);
  await db.transaction(async (tx) => {
    for (const { key, rule, row } of counted) await changeTries(tx, key, (of) => giveBackTry(rule, of, NOW), NOW, row);
  });
  assert.deepEqual((await findTries(db.read, code.key))?.windows, [[], []]);
  assert.deepEqual((await findTries(db.read, mail.key))?.windows, [[[NOW / 60, 1]]]);
});

test('a streak that the version before has counted goes on, and that version goes on with one of ours', async () => {
  for (let count = 0; count < 3; count++) await reserve(code);
  // The previous version reads and writes `row`, and preserves unknown keys.
  const setRow = (row: number) => sql`update attempts set state = json_set(state, '$.row', ${row})`;
  const streak = async () => (await findTries(db.read, code.key))?.streak;
  const rowOf = async () => JSON.parse((await rows())[0]?.state ?? '').row;
  assert.deepEqual([await rowOf(), await streak()], [3, 3]);
  await db.transaction((tx) => setRow(4).execute(tx));
  assert.equal(await streak(), 4);
  assert.equal(await reserve(code), undefined);
  assert.deepEqual([await rowOf(), await streak()], [5, 5]);
  assert.equal((await reserve(code))?.retryAfterSeconds, 60);
  for (const [gone, by] of [
    ['$.row', 'as the next version writes it'],
    ['$.streak', 'as the version before wrote it'],
  ]) {
    const state = sql`json_remove(json_set(state, '$.row', 5, '$.streak', 5), ${gone})`;
    await db.transaction((tx) => sql`update attempts set state = ${state}`.execute(tx));
    assert.equal(await streak(), 5, by);
  }
});

test('changes nothing where nothing is counted', async () => {
  await db.transaction((tx) => changeTries(tx, code.key, () => assert.fail('called without a state'), NOW));
  assert.deepEqual(await rows(), []);
});

test('forgets the keys it is told, and the rows that say nothing any more', async () => {
  await reserve(code, address, mail);
  await db.transaction((tx) => deleteTries(tx, [address.key, 'code:2:unknown']));
  assert.deepEqual(
    (await rows()).map(({ key }) => key),
    [code.key, mail.key],
  );
  await db.transaction((tx) => deleteTries(tx, []));
  assert.equal(await db.transaction((tx) => deleteExpiredTries(tx, NOW + 3600)), 0);
  assert.equal(await db.transaction((tx) => deleteExpiredTries(tx, NOW + DAY)), 1);
  assert.deepEqual(
    (await rows()).map(({ key }) => key),
    [code.key],
  );
});

test('counts on top of what a faster process has just counted', async () => {
  await reserve(mail);
  await inARace('update', mail.key, async (tx) => {
    // The winner leaves the state of two attempts, so this is the third, and the next one is too many.
    assert.equal(await refusalOf(tx, mail), undefined);
    assert.deepEqual((await findTries(tx, mail.key))?.windows, [[[NOW / 60, 3]]]);
    assert.notEqual(await refusalOf(tx, mail), undefined);
  });
});

test('takes back what it has written when a faster process leaves no room for the rest', async () => {
  for (const isFirst of [true, false]) {
    if (!isFirst) await reserve(address);
    await reserve(mail);
    if (isFirst) await reserve(mail);
    const before = (await rows()).find(({ key }) => key === address.key);
    await inARace(isFirst ? 'update' : 'fill', mail.key, async (tx) => {
      const refusal = await refusalOf(tx, address, mail);
      assert.equal(refusal?.refused, 'too_many_attempts');
      const row = await tx.selectFrom('attempts').selectAll().where('key', '=', address.key).executeTakeFirst();
      assert.deepEqual(row, before);
    });
  }
});

test('gives up with an error, and without a count, when others are faster for ever', async () => {
  await reserve(mail);
  await assert.rejects(
    inARace('always', mail.key, (tx) => reserveTries(tx, [address, mail], NOW)),
    /others were faster/,
  );
  assert.equal(await findTries(db.read, address.key), undefined);
});

function rows() {
  return db.read.selectFrom('attempts').selectAll().orderBy('key').execute();
}

/**
 * Makes the next update of that key lose, as in PostgreSQL when another process commits first. The other process
 * counted one more attempt (`update`), all of them (`fill`), or wins every time (`always`).
 */
async function inARace(how: 'update' | 'fill' | 'always', key: string, work: (tx: Queries) => Promise<unknown>) {
  const tries = how === 'update' ? "json_extract(state, '$.windows[0][0][1]') + 1" : '3';
  const state = how === 'always' ? 'state' : `json_set(state, '$.windows[0][0][1]', ${tries})`;
  await db.transaction(async (tx) => {
    await sql`create table races (remaining integer)`.execute(tx);
    await sql`insert into races values (${how === 'always' ? 1_000_000 : 1})`.execute(tx);
    await sql`create trigger faster before update on attempts
      when old.key = ${sql.lit(key)} and (select remaining from races) > 0
      begin
        update races set remaining = remaining - 1;
        update attempts set state = ${sql.raw(state)}, version = version + 1 where key = old.key;
        select raise(ignore);
      end`.execute(tx);
    await work(tx);
    await sql`drop trigger faster`.execute(tx);
    await sql`drop table races`.execute(tx);
  });
}
