import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { mapColumns, prepareImport, startImport } from '#flows/bulk/import-job.ts';
import { workOff } from '#flows/bulk/work.ts';
import { findBulkJob } from '#store/bulk/jobs.ts';
import { openWorld, type World } from '../world.ts';
import { eventsOf, jobNow, makerActor } from './bulk-story.ts';

const WHY = 'contract of spring';

/** A file of that many people in new partners of five people each. */
function fileOf(people: number): Buffer {
  const rows = Array.from({ length: people }, (_, number) => {
    const partner = Math.floor(number / 5);
    return `p${partner},${number % 5 === 0 ? `Partner ${partner}` : ''},u${number}@p${partner}.example`;
  });
  return Buffer.from(`partner,partner_name,email\n${rows.join('\n')}\n`);
}

async function checked(world: World, file: Buffer): Promise<string> {
  const prepared = await prepareImport(world.env, 'command_line', file, 'checking');
  assert(!isRefusal(prepared));
  await workOff(world.env);
  return prepared.id;
}

test('three workers on one import add each partner and each person once', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const id = await checked(world, fileOf(60));
  assert(!isRefusal(await startImport(env, 'command_line', { id, reason: WHY, invite: 'now' })));
  await Promise.all([workOff(env), workOff(env), workOff(env)]);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 60, done: 60, unchanged: 0, failed: 0 });
  assert.equal((await eventsOf(world, 'partner.created')).length, 12);
  assert.equal((await eventsOf(world, 'user.created')).length, 60);
  assert.equal((await world.mail()).filter(({ kind }) => kind === 'invitation').length, 60);
});

test('an import that was interrupted in its check and in its work adds each person once', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const prepared = await prepareImport(env, 'command_line', fileOf(450), 'checking');
  assert(!isRefusal(prepared));
  const { id } = prepared;
  let looks = 0;
  await workOff(env, () => ++looks > 2);
  assert.equal((await findBulkJob(env.db.read, id))?.state, 'checking');
  await workOff(env);
  assert(!isRefusal(await startImport(env, 'command_line', { id, reason: WHY, invite: 'never' })));
  looks = 0;
  await workOff(env, () => ++looks > 9);
  const { done } = await jobNow(world, id);
  assert(done > 0 && done < 450, `${done} are done`);
  await workOff(env);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 450, done: 450, unchanged: 0, failed: 0 });
  assert.equal((await eventsOf(world, 'user.created')).length, 450);
});

test('invitations that wait for their day end with the rights of who started the import', async (t) => {
  const world = await openWorld(t);
  const { env, clock } = world;
  const chris = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  await world.addUser({ email: 'robin@portal.example', role: 'admin' });
  const id = await checked(world, fileOf(3));
  const invite = { at: clock.at + 9_000 };
  assert(!isRefusal(await startImport(env, makerActor(chris.id), { id, reason: WHY, invite })));
  await workOff(env);
  await disableUser(env, { email: chris.email, actor: 'command_line', reason: 'left' });
  clock.at += 9_001;
  await workOff(env);
  assert.deepEqual(
    (await world.mail()).filter(({ kind }) => kind === 'invitation'),
    [],
  );
  const jobs = env.db.read.selectFrom('bulk_jobs').select(['kind', 'state']).where('kind', '=', 'invite');
  assert.deepEqual(await jobs.execute(), [{ kind: 'invite', state: 'stopped' }]);
});

test('somebody who came in between the check and the start stays as they are', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const other = await world.addPartner({ slug: 'other', name: 'Other' });
  const own = await world.addPartner({ slug: 'p0', name: 'Partner 0', policy: 'off' });
  const id = await checked(world, fileOf(5));
  await world.addUser({ email: 'u3@p0.example', partnerId: own.id, name: 'Was here' });
  await world.addUser({ email: 'u2@p0.example', partnerId: other.id, name: 'Was here' });
  assert(!isRefusal(await startImport(env, 'command_line', { id, reason: WHY, invite: 'now' })));
  await workOff(env);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 5, done: 3, unchanged: 1, failed: 1 });
  const again = await mapColumns(env, 'command_line', { id, columns: { partner: 0 } });
  assert(isRefusal(again) && again.reason === 'bulk_started');
});
