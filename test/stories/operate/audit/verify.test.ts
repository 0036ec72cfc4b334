import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headAfter, manifestDigest } from '#core/audit/chain.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { append, auditWorld, problemsAfter, sealedBatches, sealedWorld } from './audit-world.ts';

test('an untouched log is intact and says how much it holds', async (t) => {
  const { world } = await sealedWorld(t);
  await append(world, { action: 'backup.made', detail: {} });
  const verification = await verifyAudit(world.env);
  const { head, untilEvent, ...rest } = verification;
  assert.deepEqual(rest, {
    intact: true,
    events: 9,
    batches: 3,
    fromBatch: undefined,
    unsealed: 1,
    pruned: 0,
    problemCount: 0,
    problems: [],
    remarks: [],
  });
  assert.match(head ?? '', /^[0-9a-f]{64}$/);
  assert.match(untilEvent ?? '', /^[0-9a-f-]{36}$/);
});

test('an empty log is intact and has no head', async (t) => {
  const world = await auditWorld(t);
  const { intact, head, unsealed } = await verifyAudit(world.env);
  assert.deepEqual({ intact, head, unsealed }, { intact: true, head: undefined, unsealed: 0 });
});

for (const [column, value] of [
  ['at', 'at + 1'],
  ['action', "'user.created'"],
  ['outcome', "'refusal'"],
  ['actor', "'mallory'"],
  ['subject', 'null'],
  ['partner', "'p'"],
  ['request_id', "'r-2'"],
  ['detail', "'{}'"],
  ['client_digest', "''"],
]) {
  test(`names the row whose ${column} was changed`, async (t) => {
    const { world, ids } = await sealedWorld(t);
    const id = ids[1]?.[0];
    const found = await problemsAfter(world, `update audit_events set ${column} = ${value} where id = '${id}'`);
    assert.deepEqual(found, [`event_changed 2 ${id}`]);
  });
}

test('names the row that was deleted', async (t) => {
  const { world, ids } = await sealedWorld(t);
  const id = ids[2]?.[1];
  assert.deepEqual(await problemsAfter(world, `delete from audit_events where id = '${id}'`), [
    `event_deleted 3 ${id}`,
  ]);
});

test('names a row that was put into a sealed batch, whatever batch it claims', async (t) => {
  const { world } = await sealedWorld(t);
  const copy = (id: string, batch: number) =>
    `insert into audit_events select '${id}', at, action, outcome, actor, subject, partner, request_id, detail, client,
     client_digest, ${batch}, proof from audit_events limit 1;`;
  const found = await problemsAfter(world, copy('evil-1', 2) + copy('evil-2', 99));
  assert.deepEqual(found, ['event_added 2 evil-1', 'event_added 99 evil-2']);
});

test('names a row that was moved to another batch or back into the tail', async (t) => {
  const { world, ids } = await sealedWorld(t);
  const [moved, loosened] = [ids[0]?.[0], ids[2]?.[0]];
  const found = await problemsAfter(
    world,
    `update audit_events set batch = 2 where id = '${moved}'; update audit_events set batch = null where id = '${loosened}'`,
  );
  assert.deepEqual(found, [
    ...[`event_deleted 1 ${moved}`, `event_added 2 ${moved}`],
    ...[`event_deleted 3 ${loosened}`, `event_unproven ${loosened}`],
  ]);
});

test('names a row whose address was changed, or is gone without an erasure', async (t) => {
  const { world, ids } = await sealedWorld(t);
  const [changed, gone] = [ids[0]?.[0], ids[0]?.[1]];
  const found = await problemsAfter(
    world,
    `update audit_events set client = replace(client, '192.0.2.7', '192.0.2.8') where id = '${changed}';
     update audit_events set client = null where id = '${gone}'`,
  );
  assert.deepEqual(found, [`client_changed 1 ${changed}`, `client_missing 1 ${gone}`]);
});

for (const [column, value] of [
  ['sealed_at', 'sealed_at + 1'],
  ['event_count', 'event_count + 1'],
  ['manifest', "manifest || 'x'"],
  ['events_digest', "'0'"],
  ['head', "'0'"],
  ['checkpoint', '1'],
]) {
  test(`names the batch whose ${column} was changed`, async (t) => {
    const { world } = await sealedWorld(t);
    const found = await problemsAfter(world, `update audit_batches set ${column} = ${value} where number = 2`);
    assert(found.includes('batch_changed 2'), found.join());
  });
}

test('names the batch with a wrong seal', async (t) => {
  const { world } = await sealedWorld(t);
  const found = await problemsAfter(world, "update audit_batches set seal = 'k1.AAAA' where number = 3");
  assert.deepEqual(found, ['seal_wrong 3']);
});

test('names a batch that was deleted with its rows, the first one too', async (t) => {
  for (const number of [1, 2]) {
    const { world } = await sealedWorld(t);
    const found = await problemsAfter(
      world,
      `delete from audit_batches where number = ${number}; delete from audit_events where batch = ${number}`,
    );
    assert.deepEqual(found, [`batch_missing ${number}`]);
  }
});

test('batches that changed places are found', async (t) => {
  const { world } = await sealedWorld(t);
  const swap = (table: string, column: string) =>
    `update ${table} set ${column} = -1 where ${column} = 1; update ${table} set ${column} = 1 where ${column} = 2;
     update ${table} set ${column} = 2 where ${column} = -1;`;
  const found = await problemsAfter(world, swap('audit_batches', 'number') + swap('audit_events', 'batch'));
  assert(
    ['batch_changed 1', 'batch_changed 2', 'seal_wrong 1', 'seal_wrong 2'].every((p) => found.includes(p)),
    found.join(),
  );
});

test('a newest batch deleted with its rows is found by the head from the log', async (t) => {
  const { world } = await sealedWorld(t);
  const head = String(world.lines.at(-1)?.head);
  assert.deepEqual(await problemsAfter(world, 'select 1', head), []);
  const earlier = String(world.lines.at(0)?.head);
  const deletion = 'delete from audit_batches where number = 3; delete from audit_events where batch = 3';
  assert.deepEqual(await problemsAfter(world, deletion), [], 'without the head nothing shows it');
  assert.deepEqual(await problemsAfter(world, 'select 1', head), ['head_missing']);
  assert.deepEqual(await problemsAfter(world, 'select 1', earlier), []);
});

test('who can write the database but has no key cannot rebuild the chain', async (t) => {
  const { world, ids } = await sealedWorld(t);
  await world.tamper(`delete from audit_events where id = '${ids[0]?.[0]}'`);
  const batches = await world.look('select * from audit_batches order by number');
  let head = '';
  for (const { number: n, manifest: m, event_count: c, sealed_at: s } of batches) {
    const number = Number(n);
    const manifest = number === 1 ? String(m).replace(/^v2\n.*\n/, 'v2\n') : String(m);
    const eventCount = Number(c) - (number === 1 ? 1 : 0);
    const eventsDigest = manifestDigest(manifest);
    head = headAfter(head, { number, sealedAt: Number(s), eventCount, eventsDigest });
    await world.tamper(
      `update audit_batches set manifest = '${manifest}', events_digest = '${eventsDigest}',
       event_count = ${eventCount}, head = '${head}' where number = ${number}`,
    );
  }
  assert.deepEqual(await problemsAfter(world, 'select 1'), ['seal_wrong 1', 'seal_wrong 2', 'seal_wrong 3']);
});

test('the seal of a batch is no seal for a checkpoint', async (t) => {
  const { world } = await sealedWorld(t);
  const found = await problemsAfter(
    world,
    `delete from audit_batches where number = 1; delete from audit_events where batch <= 2;
     update audit_batches set checkpoint = 1, manifest = '', events_digest = '' where number = 2`,
  );
  assert.deepEqual(found, ['seal_wrong 2']);
});

test('a long list of problems is counted whole and listed in part', async (t) => {
  const world = await auditWorld(t);
  await sealedBatches(world, [30]);
  await world.tamper("update audit_events set actor = 'mallory'");
  const { problems, problemCount, intact } = await verifyAudit(world.env);
  assert.deepEqual([problems.length, problemCount, intact], [20, 30, false]);
});
