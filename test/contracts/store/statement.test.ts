import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Database, Queries } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { type Param, statement } from '#store/engine/statement.ts';

let db: Database;
before(async () => {
  db = await openSqlite(':memory:', { create: true });
});
after(() => db.close());

const put = statement((q: Queries, p: Param<{ key: string; version: number }>) =>
  q.insertInto('attempts').values({ key: p.key, state: '{}', version: p.version, expires_at: 7 }),
);

it('compiles once for reads and all transactions', async () => {
  let builds = 0;
  const find = statement((q: Queries, p: Param<{ key: string }>) => {
    builds++;
    return q.selectFrom('attempts').select(['version', 'expires_at']).where('key', '=', p.key);
  });
  await db.transaction((tx) => put.run(tx, { key: 'a', version: 1 }));
  await db.transaction((tx) => put.run(tx, { key: 'b', version: 2 }));
  assert.deepEqual(await find.first(db.read, { key: 'a' }), { version: 1, expires_at: 7 });
  assert.deepEqual(await db.transaction((tx) => find.all(tx, { key: 'b' })), [{ version: 2, expires_at: 7 }]);
  assert.equal(await find.first(db.read, { key: 'c' }), undefined);
  assert.equal(builds, 1);
});

it('binds a parameter at each place that names it, between constants', async () => {
  const claim = statement((q: Queries, p: Param<{ key: string; step: number }>) =>
    q
      .updateTable('attempts')
      .set({ version: p.step, state: 'claimed' })
      .where('key', '=', p.key)
      .where('version', '<', p.step),
  );
  await db.transaction(async (tx) => {
    await put.run(tx, { key: 'claim', version: 1 });
    assert.equal(await claim.run(tx, { key: 'claim', step: 2 }), 1);
    assert.equal(await claim.run(tx, { key: 'claim', step: 2 }), 0);
  });
});

it('binds null and refuses a missing value', async () => {
  const note = statement((q: Queries, p: Param<{ id: string; actor: string | null }>) =>
    q
      .selectFrom('audit_events')
      .select('id')
      .where('id', '=', p.id)
      .where((is) => is('actor', 'is not distinct from', p.actor)),
  );
  assert.deepEqual(await note.all(db.read, { id: 'x', actor: null }), []);
  const incomplete: { id: string } = { id: 'x' };
  await assert.rejects(note.all(db.read, Object.assign(incomplete, { actor: undefined as never })), /actor is missing/);
});

it('refuses to compute with a parameter while it is built', async () => {
  const later = statement((q: Queries, p: Param<{ now: number }>) =>
    q
      .selectFrom('attempts')
      .select('key')
      .where('expires_at', '>', p.now + 60),
  );
  await assert.rejects(later.all(db.read, { now: 1 }), /now has no value/);
});

it('sends in a transaction alone, and what fails there fails at once', async () => {
  await assert.rejects(put.send(db.read, { key: 'sent', version: 1 }), /outside a transaction/);
  await db.transaction((tx) => put.send(tx, { key: 'sent', version: 1 }));
  const twice = db.transaction(async (tx) => {
    await put.send(tx, { key: 'kept not', version: 1 });
    await put.send(tx, { key: 'sent', version: 2 });
  });
  await assert.rejects(twice, /UNIQUE/);
  const keys = await db.read.selectFrom('attempts').select('key').where('key', 'in', ['sent', 'kept not']).execute();
  assert.deepEqual(keys, [{ key: 'sent' }]);
});
