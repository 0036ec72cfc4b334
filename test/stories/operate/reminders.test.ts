import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { remind } from '#features/operate/reminders.ts';
import { setDisabled } from '#store/people/user-life.ts';
import { openWorld, START } from '../../world.ts';

const DAY = 24 * 60 * 60;
const DATE = START + 20 * DAY;

async function openWithDate(t: TestContext, requiredFrom = DATE) {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner({ policy: 'required', requiredFrom });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  const mailed = async () => (await world.mail()).map(({ kind, to }) => `${kind} ${to}`).toReversed();
  return { ...world, partnerId, ana, mailed };
}

test('a person without an authenticator is reminded 14, 7 and 1 days before the date, and when it has come', async (t) => {
  const { env, clock, mail } = await openWithDate(t);
  const days: number[] = [];
  for (let day = 20; day > -35; day--) {
    const before = (await mail()).length;
    for (let round = 0; round < 2; round++) await remind(env);
    if ((await mail()).length > before) days.push(day);
    clock.at += DAY;
  }
  assert.deepEqual(days, [14, 7, 1, 0]);
  const kinds = (await mail()).map(({ kind, parameters }) => [kind, parameters.requiredFrom]);
  assert.deepEqual(kinds.toReversed(), [...Array(3).fill(['mfa_reminder', DATE]), ['mfa_overdue', DATE]]);
});

test('the enrolled, the disabled, the invited, the exempt, people of archived and of other partners are left in peace', async (t) => {
  const { env, clock, partnerId, addUser, addPartner, addAuthenticator, mailed } = await openWithDate(t);
  const enrolled = await addUser({ email: 'enrolled@acme.example', partnerId });
  await addAuthenticator(enrolled.id);
  const disabled = await addUser({ email: 'disabled@acme.example', partnerId });
  await env.db.transaction((tx) => setDisabled(tx, disabled.id, START));
  await addUser({ email: 'invited@acme.example', partnerId, password: undefined });
  for (const policy of ['off', 'optional', 'required'] as const) {
    const other = await addPartner({ slug: policy, policy });
    await addUser({ email: `${policy}@other.example`, partnerId: other.id });
  }
  const exempt = await addUser({ email: 'exempt@acme.example', partnerId });
  const until = { exempt_until: START + 11 * DAY, exempt_reason: 'on leave' };
  await env.db.transaction((tx) => tx.updateTable('users').set(until).where('id', '=', exempt.id).execute());
  const archived = await addPartner({ slug: 'archived', requiredFrom: DATE });
  await addUser({ email: 'archived@other.example', partnerId: archived.id });
  const past = { archived_at: START };
  await env.db.transaction((tx) => tx.updateTable('partners').set(past).where('id', '=', archived.id).execute());
  await addUser({ email: 'csm@portal.example', role: 'csm' });
  clock.at += 10 * DAY;
  await remind(env);
  assert.deepEqual(await mailed(), ['mfa_reminder ana@acme.example']);
});

test('several who remind at once remind each person once', async (t) => {
  const { env, clock, partnerId, addUser, mailed } = await openWithDate(t);
  for (let person = 0; person < 120; person++) await addUser({ email: `p${person}@acme.example`, partnerId });
  clock.at += 10 * DAY;
  await Promise.all([remind(env), remind(env), remind(env)]);
  const all = await mailed();
  assert.deepEqual([all.length, new Set(all).size], [121, 121]);
});

test('another date begins again, and a date that comes soon is told at once', async (t) => {
  const { env, clock, partnerId, mailed } = await openWithDate(t);
  clock.at += 10 * DAY;
  await remind(env);
  const moved = { mfa_required_from: clock.at + 3 * DAY };
  await env.db.transaction((tx) => tx.updateTable('partners').set(moved).where('id', '=', partnerId).execute());
  await remind(env);
  await remind(env);
  assert.equal((await mailed()).length, 2);
});

test('a reminder whose transaction failed is sent in the next round', async (t) => {
  const { env, clock, mailed } = await openWithDate(t);
  clock.at += 10 * DAY;
  const broken = { ...env, newId: () => assert.fail('it dies between the note and the mail') };
  await assert.rejects(remind(broken));
  assert.deepEqual(await mailed(), []);
  await remind(env);
  assert.equal((await mailed()).length, 1);
});
