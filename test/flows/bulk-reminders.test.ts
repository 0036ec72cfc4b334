import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { remind } from '#features/operate/reminders.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { changeReminders } from '#flows/administration/partner-plan.ts';
import { undoBulk } from '#flows/bulk/start.ts';
import { workOff } from '#flows/bulk/work.ts';
import { openWorld, START } from '../world.ts';
import { addPartners, eventsOf, jobNow, startChange, WHY } from './bulk-story.ts';

const DAY = 24 * 60 * 60;

test('people get the reminders that their partner has, and no others', async (t) => {
  const world = await openWorld(t);
  const { env, clock } = world;
  const [one = '', two = ''] = await addPartners(world, 2);
  await changeMfaPolicy(env, 'command_line', 'p1', { policy: 'required', requiredFrom: START + 10 * DAY });
  await changeMfaPolicy(env, 'command_line', 'p2', { policy: 'required', requiredFrom: START + 10 * DAY });
  await startChange(world, 'command_line', [one], { act: 'reminders', reminders: [1] });
  await startChange(world, 'command_line', [two], { act: 'reminders', reminders: [14] });
  await workOff(env);
  const sent: string[][] = [];
  for (const days of [0, 5, 9.5, 11]) {
    clock.at = START + days * DAY;
    await remind(env);
    sent.push((await world.mail()).map(({ kind, to }) => `${kind} ${to}`).toSorted());
  }
  const [first, last] = ['mfa_reminder one@p2.example', 'mfa_reminder one@p1.example'];
  const overdue = ['mfa_overdue one@p1.example', 'mfa_overdue one@p2.example'];
  assert.deepEqual(sent, [[first], [first], [last, first], [...overdue, last, first]]);
});

test('an undo gives each partner the schedule back that it had, unless it was changed since', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const partners = await addPartners(world, 4);
  const daysNow = async () => {
    const rows = await env.db.read.selectFrom('partners').select('reminder_days').orderBy('slug').execute();
    return rows.map((row) => row.reminder_days);
  };
  await changeReminders(env, 'command_line', partners[1] ?? '', '3, 30');
  await changeReminders(env, 'command_line', partners[2] ?? '', '');
  const before = [null, '30 3', '', null];
  assert.deepEqual(await daysNow(), before);

  const id = await startChange(world, 'command_line', partners, { act: 'reminders', reminders: [60, 1] });
  await workOff(env);
  assert.deepEqual(await daysNow(), ['60 1', '60 1', '60 1', '60 1']);
  const events = (await eventsOf(world, 'partner.reminders_changed')).map(({ detail }) => detail);
  assert.deepEqual(events.at(-1), { days: [60, 1], bulkId: id, reason: WHY });

  await changeReminders(env, 'command_line', partners[3] ?? '', '5');
  const undo = await undoBulk(env, 'command_line', { id, reason: WHY });
  assert(!isRefusal(undo));
  await workOff(env);
  assert.deepEqual(await jobNow(world, undo.id), { state: 'finished', total: 4, done: 3, unchanged: 1, failed: 0 });
  assert.deepEqual(await daysNow(), [...before.slice(0, 3), '5']);
});
