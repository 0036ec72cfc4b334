import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eraseClients, pruneAudit, sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { type AuditWorld, append, problemsAfter, sealedWorld, T0 } from './audit-world.ts';

test('erasing addresses and user agents leaves the chain whole and no trace of them', async (t) => {
  const { world, ids } = await sealedWorld(t);
  const before = T0 + 60;
  assert.equal(await eraseClients(world.env, { before, actor: 'command_line' }), 3);
  assert.equal((await verifyAudit(world.env)).intact, true);
  const kept = await world.look('select batch from audit_events where client is not null order by batch');
  assert.deepEqual([...new Set(kept.map((row) => Number(row.batch)))], [2, 3]);
  // A client may be missing only in events from before the erasure.
  const id = ids[1]?.[0];
  const found = await problemsAfter(world, `update audit_events set client = null where id = '${id}'`);
  assert.deepEqual(found, [`client_missing 2 ${id}`]);
});

test('pruning removes whole old batches, and what is left still verifies against old and new heads', async (t) => {
  const { world } = await sealedWorld(t);
  const heads = world.lines.map((line) => String(line.head));
  assert.deepEqual(await pruneAudit(world.env, { before: T0 + 60, actor: 'system' }), { events: 3 });
  assert.deepEqual(await pruneAudit(world.env, { before: T0 + 61, actor: 'system' }), { events: 2 });
  const { intact, events, batches, pruned, unsealed } = await verifyAudit(world.env, { head: heads[2] });
  assert.deepEqual(
    { intact, events, batches, pruned, unsealed },
    { intact: true, events: 4, batches: 1, pruned: 5, unsealed: 2 },
  );
  assert.equal((await verifyAudit(world.env, { head: heads[1] })).intact, true);
  await sealAuditTail(world.env);
  assert.equal((await verifyAudit(world.env)).intact, true);
});

test('a log that is pruned to its end goes on from its checkpoint', async (t) => {
  const { world } = await sealedWorld(t);
  await pruneAudit(world.env, { before: T0 + 3600, actor: 'system' });
  await sealAuditTail(world.env);
  const { intact, batches, pruned } = await verifyAudit(world.env);
  assert.deepEqual({ intact, batches, pruned }, { intact: true, batches: 1, pruned: 9 });
});

test('a batch that a clock dated ahead is pruned with those around it, and keeps none behind it', async (t) => {
  for (const ahead of [2, 12]) {
    const { world } = await sealedWorld(t);
    world.clock.at = T0 + 365 * 86_400;
    await sealSome(world, ahead);
    world.clock.at = T0 + 3600;
    await sealSome(world, 1);
    world.clock.at = T0 + 7200;
    assert.deepEqual(await pruneAudit(world.env, { before: T0 + 3601, actor: 'system' }), { events: 9 + ahead + 1 });
    assert.equal((await verifyAudit(world.env)).intact, true);
  }
});

/** So many batches of one event. */
async function sealSome(world: AuditWorld, count: number): Promise<void> {
  const event = { action: 'session.ended', actor: 'u', subject: 'u', detail: { reason: 'sign_out' } } as const;
  for (let done = 0; done < count; done += 1) {
    await append(world, event);
    await sealAuditTail(world.env);
  }
}

for (const [column, value] of [
  ['event_count', '4'],
  ['head', "'0'"],
  ['sealed_at', '7'],
  ['checkpoint', '0'],
]) {
  test(`a checkpoint whose ${column} was changed is found`, async (t) => {
    const { world } = await sealedWorld(t);
    await pruneAudit(world.env, { before: T0 + 60, actor: 'system' });
    const found = await problemsAfter(world, `update audit_batches set ${column} = ${value} where checkpoint = 1`);
    assert(found.includes('seal_wrong 1'), found.join());
  });
}

test('pruning stops at a batch that was tampered with, and keeps the evidence', async (t) => {
  for (const tampering of [
    'delete from audit_batches where number = 2',
    "update audit_batches set seal = 'k1.A' where number = 3",
    'update audit_batches set event_count = 1 where number = 3',
  ]) {
    const { world } = await sealedWorld(t);
    await world.tamper(tampering);
    assert.deepEqual(await pruneAudit(world.env, { before: T0 + 3600, actor: 'system' }), { events: 0, stoppedAt: 3 });
    assert.equal((await world.look('select id from audit_events')).length, 9);
  }
});
