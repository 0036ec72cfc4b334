import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remind } from '#features/operate/reminders.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { workOff } from '#flows/bulk/work.ts';
import { openWorld, START } from '../world.ts';
import { addPartners, startChange } from './bulk-story.ts';

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
