import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey, endApiKey, keyActor } from '#flows/administration/api-keys.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { startBulk, stopBulk, undoBulk } from '#flows/bulk/start.ts';
import { workOff } from '#flows/bulk/work.ts';
import { listBulkItems } from '#store/bulk/items.ts';
import { findBulkJob } from '#store/bulk/jobs.ts';
import { openWorld, START } from '../world.ts';
import { addPartners, changesOf, eventsOf, jobNow, makerActor, policiesOf, startChange, WHY } from './bulk-story.ts';

const DAY = 24 * 60 * 60;
const OPTIONAL = { act: 'policy', policy: 'optional' } as const;

test('a job changes each partner once, with one event each under its id and its reason', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 3);
  const { id: maker } = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  const id = await startChange(world, makerActor(maker), partners, { act: 'policy', policy: 'required' });
  assert.deepEqual(await policiesOf(world), ['off', 'off', 'off'], 'nothing happens before the work');

  await workOff(world.env);

  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 3, done: 3, unchanged: 0, failed: 0 });
  assert.deepEqual(await policiesOf(world), ['required', 'required', 'required']);
  const changed = await eventsOf(world);
  assert.deepEqual(changed.map(({ partner }) => partner).toSorted(), partners.toSorted());
  for (const { actor, detail } of changed) {
    assert.deepEqual(
      [actor, detail.bulkId, detail.reason, detail.from, detail.to],
      [maker, id, WHY, 'off', 'required'],
    );
  }
  const [started] = await eventsOf(world, 'bulk.started');
  assert.deepEqual(started?.detail, { bulkId: id, kind: 'policy', items: 3, reason: WHY });
  const [finished] = await eventsOf(world, 'bulk.finished');
  assert.deepEqual(finished?.detail, { bulkId: id, done: 3, unchanged: 0, failed: 0 });
});

test('two workers on one job change each partner once', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 30);
  const id = await startChange(world, 'command_line', partners, OPTIONAL);

  await Promise.all([workOff(world.env), workOff(world.env), workOff(world.env)]);

  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 30, done: 30, unchanged: 0, failed: 0 });
  assert.deepEqual(new Set((await changesOf(world)).values()), new Set([1]));
  assert.equal((await changesOf(world)).size, 30);
  assert.equal((await eventsOf(world, 'bulk.finished')).length, 1);
});

test('a job that was interrupted goes on where it was', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 12);
  const id = await startChange(world, 'command_line', partners, OPTIONAL);
  let looks = 0;
  await workOff(world.env, () => ++looks > 3);
  const half = await jobNow(world, id);
  assert(half.done > 0 && half.done < 12, `${half.done} are done`);
  await workOff(world.env);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 12, done: 12, unchanged: 0, failed: 0 });
  assert.deepEqual(new Set((await changesOf(world)).values()), new Set([1]));
});

test('a job ends with the rights of its maker, and what is done stays', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 12);
  const { id: maker, email } = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  await world.addUser({ email: 'robin@portal.example', role: 'admin' });
  const id = await startChange(world, makerActor(maker), partners, OPTIONAL);
  let looks = 0;
  await workOff(world.env, () => ++looks > 3);
  const { done } = await jobNow(world, id);
  assert(!isRefusal(await disableUser(world.env, { email, actor: 'command_line', reason: 'left' })));
  await workOff(world.env);
  assert.deepEqual(await jobNow(world, id), { state: 'stopped', total: 12, done, unchanged: 0, failed: 0 });
  assert.equal((await findBulkJob(world.env.db.read, id))?.stopped_because, 'maker_lost');
  assert.equal((await policiesOf(world)).filter((policy) => policy === 'optional').length, done);
});

test('a job of an API key ends when the key is revoked, or loses its scope', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 2);
  for (const scopes of [['partners:write'], ['partners:read']]) {
    const made = await addApiKey(world.env, 'command_line', { name: 'CRM', scopes, expiresAt: undefined });
    assert(!isRefusal(made));
    const { apiKey } = made;
    // As a guard would have granted it.
    const authority = {
      kind: 'apiKey',
      apiKey: { ...apiKey, grantedFor: apiKey.scopes[0] as 'partners:write' },
    } as const;
    const actor = { id: keyActor(apiKey), client: undefined, authority };
    const id = await startChange(world, actor, partners, OPTIONAL);
    if (scopes[0] === 'partners:write') await endApiKey(world.env, 'command_line', apiKey.id);
    await workOff(world.env);
    assert.equal((await jobNow(world, id)).state, 'stopped');
    assert.deepEqual(await policiesOf(world), ['off', 'off']);
  }
});

test('a partner that is gone fails alone, and its item says why', async (t) => {
  const world = await openWorld(t);
  const [first = '', second = ''] = await addPartners(world, 2);
  const id = await startChange(world, 'command_line', [first, 'nobody', second], OPTIONAL);
  await workOff(world.env);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 3, done: 2, unchanged: 0, failed: 1 });
  const items = await listBulkItems(world.env.db.read, id, { after: 0, limit: 9, states: ['failed'] });
  assert.deepEqual(
    items.map(({ position, note }) => [position, note]),
    [[2, 'partner']],
  );
});

test('a partner that is as it should be stays as it is, without an event', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 2);
  await changeMfaPolicy(world.env, 'command_line', 'p1', { policy: 'optional' });
  const id = await startChange(world, 'command_line', partners, OPTIONAL);
  await workOff(world.env);
  assert.deepEqual(await jobNow(world, id), { state: 'finished', total: 2, done: 1, unchanged: 1, failed: 0 });
  assert.equal((await changesOf(world)).get(partners[0] ?? ''), 1);
});

test('an undo puts back what was before, except where somebody has changed it since', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const partners = await addPartners(world, 4);
  await changeMfaPolicy(env, 'command_line', 'p1', { policy: 'optional' });
  await changeMfaPolicy(env, 'command_line', 'p2', { policy: 'required', requiredFrom: START + 9 * DAY });
  const id = await startChange(world, 'command_line', partners, {
    ...{ act: 'policy', policy: 'required', requiredFrom: START + 30 * DAY },
  });
  await workOff(env);
  await changeMfaPolicy(env, 'command_line', 'p3', { policy: 'optional' });

  const undo = await undoBulk(env, 'command_line', { id, reason: 'the date was wrong' });
  assert(!isRefusal(undo));
  await workOff(env);

  assert.deepEqual(await jobNow(world, undo.id), { state: 'finished', total: 4, done: 3, unchanged: 1, failed: 0 });
  const rows = await env.db.read
    .selectFrom('partners')
    .select(['mfa_policy', 'mfa_required_from'])
    .orderBy('id')
    .execute();
  assert.deepEqual(
    rows.map((row) => [row.mfa_policy, row.mfa_required_from]),
    [
      ['optional', null],
      ['required', START + 9 * DAY],
      ['optional', null],
      ['off', null],
    ],
  );
  const [kept] = await listBulkItems(env.db.read, undo.id, { after: 0, limit: 9, states: ['unchanged'] });
  assert.deepEqual([kept?.subject, kept?.note], [partners[2], 'changed_since']);
});

test('a job is undone once, and only after its end', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const partners = await addPartners(world, 3);
  const id = await startChange(world, 'command_line', partners, OPTIONAL);
  const again = () => undoBulk(env, 'command_line', { id, reason: WHY });
  const early = await again();
  assert(isRefusal(early) && early.reason === 'bulk_not_over');
  await workOff(env);
  const both = await Promise.all([again(), again()]);
  assert.equal(both.filter((one) => isRefusal(one) && one.reason === 'bulk_undone').length, 1);
  const late = await again();
  assert(isRefusal(late) && late.reason === 'bulk_undone');
});

test('a stopped job does nothing more, and what it did can be undone', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const partners = await addPartners(world, 12);
  const id = await startChange(world, 'command_line', partners, OPTIONAL);
  let looks = 0;
  await workOff(env, () => ++looks > 3);
  assert(!isRefusal(await stopBulk(env, 'command_line', id)));
  await workOff(env);
  const { state, done } = await jobNow(world, id);
  assert.deepEqual([state, done < 12], ['stopped', true]);
  const undo = await undoBulk(env, 'command_line', { id, reason: WHY });
  assert(!isRefusal(undo));
  await workOff(env);
  assert.deepEqual(await jobNow(world, undo.id), { state: 'finished', total: done, done, unchanged: 0, failed: 0 });
  assert.deepEqual(new Set(await policiesOf(world)), new Set(['off']));
});

test('a stop holds for the turn that is under way', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const id = await startChange(world, 'command_line', await addPartners(world, 20), OPTIONAL);
  const stops: Promise<unknown>[] = [];
  let looks = 0;
  await workOff(env, () => {
    looks += 1;
    if (looks === 3) stops.push(stopBulk(env, 'command_line', id));
    return false;
  });
  await Promise.all(stops);
  const { state, done } = await jobNow(world, id);
  assert.deepEqual([state, done < 20], ['stopped', true], `${done} are done`);
});

test('a date moves only where MFA is required from a day ahead; reminders change by themselves', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const partners = await addPartners(world, 3);
  await changeMfaPolicy(env, 'command_line', 'p1', { policy: 'required', requiredFrom: START + 9 * DAY });
  await changeMfaPolicy(env, 'command_line', 'p2', { policy: 'required' });
  const moved = await startChange(world, 'command_line', partners, { act: 'date', requiredFrom: START + 20 * DAY });
  await startChange(world, 'command_line', partners, { act: 'reminders', reminders: [1] });
  await workOff(env);
  assert.deepEqual(await jobNow(world, moved), { state: 'finished', total: 3, done: 1, unchanged: 2, failed: 0 });
  const rows = await env.db.read
    .selectFrom('partners')
    .select(['mfa_required_from', 'reminder_days'])
    .orderBy('id')
    .execute();
  assert.deepEqual(
    rows.map((row) => row.mfa_required_from),
    [START + 20 * DAY, null, null],
  );
  assert.deepEqual(new Set(rows.map((row) => row.reminder_days)), new Set(['1']));
});

test('a job is started once, with a reason', async (t) => {
  const world = await openWorld(t);
  const partners = await addPartners(world, 1);
  const id = await startChange(world, 'command_line', partners, OPTIONAL);
  const again = await startBulk(world.env, 'command_line', { id, reason: WHY });
  assert(isRefusal(again) && again.reason === 'bulk_started');
  const blank = await startBulk(world.env, 'command_line', { id, reason: ' ' });
  assert(isRefusal(blank) && blank.reason === 'reason_missing');
});
