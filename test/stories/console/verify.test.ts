import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { World } from '../../world.ts';
import { lastEvents, openConsole, read } from './console-story.ts';

const AUDIT = '/console/audit';
const VERIFY = `${AUDIT}/verify`;

async function sealBatches(world: World, count: number, size: number) {
  for (let batch = 0; batch < count; batch++) {
    for (let event = 0; event < size; event++) {
      const made = { action: 'backup.made', detail: {} } as const;
      await world.env.db.transaction((tx) => appendEvent(world.env, tx, made, undefined));
    }
    await sealAuditTail(world.env);
  }
}

function change(world: World, batch: number) {
  return world.env.db.transaction((tx) =>
    tx.updateTable('audit_events').set({ at: 5 }).where('batch', '=', batch).execute(),
  );
}

test('a button on the page of the log verifies it: how many events, until which one, the result, how long', async (t) => {
  const { world, csm } = await openConsole(t);
  await sealBatches(world, 3, 2);
  assert.match((await csm.get(AUDIT)).text, /<a class="button[^"]*" href="\/console\/audit\/verify">Verify the chain</);
  assert.match(await read(csm, VERIFY), /newest 50,000 events, in at most 2,000 batches/);
  assert.equal((await csm.post(VERIFY)).location, `${AUDIT}?done=verified#chain`);
  const page = await read(csm, `${AUDIT}?done=verified`);
  assert.match(page, /Last verified: Jan 15, 2027, 8:00 AM UTC , intact · Hash chain .* Apply/);
  assert.match(
    page,
    /Last verified intact [^.]*, Chris Meyer \d+ events checked: the whole log\. The last one is [\w-]{36} /,
  );
  const [event] = await lastEvents(world, 1);
  assert.equal(event?.action, 'audit.verified');
  assert.deepEqual(Object.keys(event?.detail ?? {}).sort(), ['batches', 'events', 'milliseconds', 'untilEvent']);
});

test('the button finds a changed event, and says so in the log of the operator too', async (t) => {
  const { world, csm } = await openConsole(t);
  await sealBatches(world, 3, 2);
  await change(world, 2);
  assert.match(await read(csm, AUDIT), /Last verified: never · Hash chain/);
  await csm.get(VERIFY);
  await csm.post(VERIFY);
  assert.match(await read(csm, AUDIT), /Last verified: [^·]*, not intact · Hash chain/);
  assert.match(await read(csm, AUDIT), /not intact : 2 differences found, the first in batch 2/);
  assert.ok(world.log.some((line) => line.includes('the audit log is not intact')));
});

test('a walk over the newest events says where it began, and finds nothing before that', async (t) => {
  const { world } = await openConsole(t);
  await sealBatches(world, 10, 3);
  const most = { events: 7, batches: 100 };
  const whole = await verifyAudit(world.env);
  const part = await verifyAudit(world.env, { newest: most });
  assert.deepEqual([part.intact, part.fromBatch, part.batches, part.events], [true, 9, 2, 6]);
  assert.equal(part.untilEvent, whole.untilEvent);
  assert.equal((await verifyAudit(world.env, { newest: { events: 1000, batches: 4 } })).fromBatch, 7);
  assert.equal((await verifyAudit(world.env, { newest: { events: 1000, batches: 100 } })).fromBatch, undefined);
  await change(world, 4);
  assert.equal((await verifyAudit(world.env, { newest: most })).intact, true);
  await change(world, 9);
  const broken = await verifyAudit(world.env, { newest: most });
  assert.deepEqual([broken.intact, broken.problemCount], [false, 3]);
});

test('a walk over the newest events misses neither a deleted batch nor the one that it begins after', async (t) => {
  const { world } = await openConsole(t);
  await sealBatches(world, 10, 3);
  const remove = (number: number) =>
    world.env.db.transaction((tx) => tx.deleteFrom('audit_batches').where('number', '=', number).execute());
  const kindsOf = async () =>
    (await verifyAudit(world.env, { newest: { events: 7, batches: 100 } })).problems.map(({ kind }) => kind);
  await remove(8);
  assert.ok((await kindsOf()).includes('batch_missing'));
  await remove(9);
  assert.ok((await kindsOf()).includes('batch_missing'));
});
