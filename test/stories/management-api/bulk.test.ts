import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOff } from '#flows/bulk/work.ts';
import { addPartners, eventsOf, policiesOf } from '../../flows/bulk-story.ts';
import { callWithKey, makeKey, openManagement } from './management-story.ts';

const WHY = 'roll-out of spring';
const CSV = 'slug,policy,from\np1,required,2027-03-01\np2,optional,\n';

async function open(t: Parameters<typeof openManagement>[0]) {
  const opened = await openManagement(t);
  await addPartners(opened.world, 3);
  return opened;
}

test('a program starts a job by CSV, looks at it, reads its items and undoes it', async (t) => {
  const { world, call, actor } = await open(t);
  const { status, body } = await call('POST', '/bulk-jobs', { csv: CSV, reason: WHY });
  assert.equal(status, 200);
  const job = Object(body.job);
  assert.deepEqual([job.state, job.kind, job.total, body.rows, body.faultCount], ['running', 'policy', 2, 2, 0]);
  await workOff(world.env);
  const { body: now } = await call('GET', `/bulk-jobs/${job.id}`);
  assert.deepEqual([now.state, now.done, now.reason], ['finished', 2, WHY]);
  const { body: items } = await call('GET', `/bulk-jobs/${job.id}/items?state=done&limit=1`);
  assert.deepEqual(
    (items.data as Record<string, unknown>[]).map(({ line, state, partner }) => [line, state, Object(partner).slug]),
    [[2, 'done', 'p1']],
  );
  const { body: rest } = await call('GET', `/bulk-jobs/${job.id}/items?state=done&limit=1&after=${items.nextCursor}`);
  assert.deepEqual([(rest.data as { line: number }[])[0]?.line, rest.nextCursor], [3, null]);
  assert.deepEqual(await policiesOf(world), ['optional', 'required', 'optional', 'off']);
  for (const event of await eventsOf(world)) assert.deepEqual([event.actor, event.detail.bulkId], [actor, job.id]);

  const undo = await call('POST', `/bulk-jobs/${job.id}/undo`, { reason: 'too early' });
  assert.deepEqual([undo.status, undo.body.undoes], [200, job.id]);
  await workOff(world.env);
  assert.deepEqual(await policiesOf(world), ['optional', 'off', 'off', 'off']);
  const again = await call('POST', `/bulk-jobs/${job.id}/undo`, { reason: 'too early' });
  assert.deepEqual([again.status, again.body.reason], [403, 'bulk_undone']);
  const { body: list } = await call('GET', '/bulk-jobs');
  assert.deepEqual(
    (list.data as { kind: string }[]).map(({ kind }) => kind),
    ['policy', 'undo'],
  );
});

test('a dry run names every fault by its line, and a job with faults is not started', async (t) => {
  const { world, call } = await open(t);
  const csv = `${CSV}p3,maybe,\nnobody,off,\np1,off,\n`;
  const dry = await call('POST', '/bulk-jobs', { csv, reason: WHY, dryRun: true });
  const faults = [
    { line: 4, fault: 'policy' },
    { line: 5, fault: 'partner' },
    { line: 6, fault: 'duplicate' },
  ];
  assert.deepEqual(dry.body, { job: null, rows: 5, faults, faultCount: 3 });
  const started = await call('POST', '/bulk-jobs', { csv, reason: WHY });
  assert.deepEqual([started.status, started.body.reason], [400, 'csv_faults']);
  assert.equal((await call('POST', '/bulk-jobs', { csv: CSV, reason: ' ' })).body.reason, 'reason_missing');
  assert.equal((await call('POST', '/bulk-jobs', { csv: 'a,b\n1,2\n', reason: WHY })).body.reason, 'csv_columns');
  assert.deepEqual(await world.env.db.read.selectFrom('bulk_jobs').select('id').execute(), []);
});

test('an idempotency key starts one job', async (t) => {
  const { world, call } = await open(t);
  const start = () => call('POST', '/bulk-jobs', { csv: CSV, reason: WHY }, 'night-1');
  const [one, two] = [await start(), await start()];
  assert.equal(Object(one.body.job).id, Object(two.body.job).id);
  const started = world.env.db.read.selectFrom('bulk_jobs').select('id').where('started_at', 'is not', null);
  assert.equal((await started.execute()).length, 1);
});

test('thousands of rows are more than 64 KiB, and are taken here alone; beyond the limit they are refused', async (t) => {
  const { call } = await open(t);
  const rows = Array.from({ length: 5_000 }, (_, index) => `nobody-${index},required,2027-03-01\n`).join('');
  const { status, body } = await call('POST', '/bulk-jobs', {
    csv: `slug,policy,from\n${rows}`,
    reason: WHY,
    dryRun: true,
  });
  assert.deepEqual([status, body.rows, body.faultCount, (body.faults as []).length], [200, 5_000, 5_000, 500]);
  const many = await call('POST', '/bulk-jobs', { csv: `slug,policy\n${'a,off\n'.repeat(10_050)}`, reason: WHY });
  assert.deepEqual([many.status, many.body.reason], [400, 'csv_too_many']);
  assert.equal((await call('POST', '/bulk-jobs', { csv: 'x'.repeat(2_200_000), reason: WHY })).status, 413);
  assert.equal((await call('POST', '/partners', { name: 'x'.repeat(70_000) })).status, 413);
});

test('a key that may only read starts, stops and undoes nothing', async (t) => {
  const { world, call } = await open(t);
  const { body } = await call('POST', '/bulk-jobs', { csv: CSV, reason: WHY });
  const { id } = Object(body.job);
  const { key } = await makeKey(world, ['partners:read']);
  const sent = [
    ['/bulk-jobs', { csv: CSV, reason: WHY }],
    [`/bulk-jobs/${id}/stop`, undefined],
    [`/bulk-jobs/${id}/undo`, { reason: WHY }],
  ] as const;
  for (const [path, more] of sent) {
    assert.equal((await callWithKey(world, { method: 'POST', path, body: more, key })).status, 403, path);
  }
  assert.equal((await call('POST', `/bulk-jobs/${id}/stop`)).body.state, 'stopped');
  await workOff(world.env);
  assert.deepEqual(await policiesOf(world), ['optional', 'off', 'off', 'off']);
  assert.equal((await call('GET', '/bulk-jobs/nothing')).status, 404);
});
