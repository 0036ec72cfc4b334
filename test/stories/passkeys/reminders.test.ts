import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { storedReminderDays } from '#core/people/reminder-days.ts';
import { passkeyRemindersJob } from '#features/operate/passkey-reminders.ts';
import { remind } from '#features/operate/reminders.ts';
import { runJob } from '#flows/runtime/jobs.ts';
import { listSentReminders } from '#store/partners/partner-days.ts';
import { setSchedule } from '#store/partners/reminding.ts';
import { openWorld, START } from '../../world.ts';
import { phone } from './passkey-story.ts';
import { storePasskey } from './stored.ts';

const DAY = 24 * 60 * 60;
const DATE = START + 20 * DAY;

/** A partner that requires passkeys from a date, and one person with an app. */
async function openWithDate(t: TestContext) {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner({ policy: 'required' });
  const rule = { passkey_policy: 'required', passkey_required_from: DATE } as const;
  await world.env.db.transaction((tx) => tx.updateTable('partners').set(rule).execute());
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  await world.addAuthenticator(ana.id);
  const mailed = async () => (await world.mail()).map(({ kind, to }) => `${kind} ${to}`).toSorted();
  const remindAll = () => runJob(world.env, passkeyRemindersJob(world.env));
  return { ...world, world, partnerId, ana, mailed, remindAll };
}

test('a person with an app alone is reminded 14, 7 and 1 days before passkeys are required, and when they are', async (t) => {
  const { clock, mail, remindAll } = await openWithDate(t);
  const days: number[] = [];
  for (let day = 20; day > -35; day--) {
    const before = (await mail()).length;
    for (let round = 0; round < 2; round++) {
      await remindAll();
      clock.at += 600;
    }
    if ((await mail()).length > before) days.push(day);
    clock.at += DAY - 1200;
  }
  assert.deepEqual(days, [14, 7, 1, 0]);
  const kinds = (await mail()).map(({ kind, parameters }) => [kind, parameters.requiredFrom]);
  assert.deepEqual(kinds.toReversed(), [...Array(3).fill(['passkey_reminder', DATE]), ['passkey_overdue', DATE]]);
});

test('a partner with a schedule of its own is reminded by that, and the others by theirs', async (t) => {
  const { world, partnerId, remindAll } = await openWithDate(t);
  const { env, clock } = world;
  const { id: otherId } = await world.addPartner({ slug: 'bolt', policy: 'required' });
  const ben = await world.addUser({ email: 'ben@bolt.example', partnerId: otherId });
  await world.addAuthenticator(ben.id);
  const { id: quietId } = await world.addPartner({ slug: 'calm', policy: 'required' });
  const cleo = await world.addUser({ email: 'cleo@calm.example', partnerId: quietId });
  await world.addAuthenticator(cleo.id);
  const rule = { passkey_policy: 'required', passkey_required_from: DATE } as const;
  await env.db.transaction((tx) => tx.updateTable('partners').set(rule).execute());
  await env.db.transaction((tx) => setSchedule(tx, partnerId, storedReminderDays([10, 2])));
  await env.db.transaction((tx) => setSchedule(tx, quietId, storedReminderDays([])));
  const days: Record<string, number[]> = {};
  for (let day = 20; day > -2; day--) {
    const before = (await world.mail()).length;
    await remindAll();
    const sent = (await world.mail()).slice(0, -before || undefined);
    for (const { to } of sent) days[to] = [...(days[to] ?? []), day];
    clock.at += DAY;
  }
  assert.deepEqual(days, {
    ...{ 'ana@acme.example': [10, 2, 0], 'ben@bolt.example': [14, 7, 1, 0] },
    // No reminder ahead, and still the one on the date.
    'cleo@calm.example': [0],
  });
});

test('who has a passkey, or nothing yet, is left in peace', async (t) => {
  const { env, clock, partnerId, addUser, addAuthenticator, mailed, remindAll } = await openWithDate(t);
  const ben = await addUser({ email: 'ben@acme.example', partnerId });
  await addAuthenticator(ben.id);
  await storePasskey(env, ben, phone(), 2);
  await addUser({ email: 'cleo@acme.example', partnerId });
  clock.at += 10 * DAY;
  await remindAll();
  assert.deepEqual(await mailed(), ['passkey_reminder ana@acme.example']);
});

test('a reminder of MFA stands for none of passkeys, although both begin on one day', async (t) => {
  const { env, clock, partnerId, addUser, addAuthenticator, mailed, remindAll } = await openWithDate(t);
  const date = { mfa_required_from: DATE };
  await env.db.transaction((tx) => tx.updateTable('partners').set(date).execute());
  const late = await addUser({ email: 'late@acme.example', partnerId });
  clock.at += 10 * DAY;
  await remind(env);
  await addAuthenticator(late.id);
  await remindAll();
  assert.deepEqual(await mailed(), [
    ...['mfa_reminder late@acme.example', 'passkey_reminder ana@acme.example'],
    'passkey_reminder late@acme.example',
  ]);
  const sent = await listSentReminders(env.db.read, partnerId, DATE);
  assert.deepEqual(
    sent.map(({ stage, people }) => [stage, people]),
    [['14_days', 1]],
    'the timeline of MFA counts its own',
  );
});
