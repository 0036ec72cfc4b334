import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { TABLES } from '#store/engine/tables.ts';
import { openWorld, PASSWORD, type World } from '../world.ts';
import { countedKeys, countOnlyIn, everyCounter, keysIn, ownersIn } from './every-counter.ts';

const REASON = { actor: 'command_line', reason: 'left the company' };

/** Every row of every table except the audit log, as text. */
async function everything(world: World): Promise<Record<string, string[]>> {
  const { read } = world.env.db;
  const names = Object.keys(TABLES).filter((name) => !name.startsWith('audit_')) as (keyof typeof TABLES)[];
  const rows = names.map(async (name) => [
    name,
    (await read.selectFrom(name).selectAll().execute()).map((row) => JSON.stringify(row)).toSorted(),
  ]);
  return Object.fromEntries(await Promise.all(rows));
}

/** A person with rows everywhere, after a snapshot of the world without them. */
async function worldWithBo(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const hook = await addWebhook(world.env, 'command_line', { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  assert.ok(!isRefusal(hook));
  const before = await everything(world);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const browser = world.person();
  await browser.signIn(bo.email);
  const secret = await browser.enroll(world.clock.at);
  world.clock.at += 60;
  for (const code of ['000000', world.totp(secret)]) {
    const other = world.person();
    await other.signIn(bo.email, 'wrong');
    await other.signIn(bo.email);
    await other.post('/sign-in/one-time-code', { code });
    await other.post('/sign-in/recovery-code', { code: '0000-0000-0000-0000' });
  }
  await world.person().post('/forgot-password', { email: bo.email });
  await world.api('POST', '/api/v1/sign-in', { email: bo.email, password: PASSWORD });
  await browser.post('/security/email', { email: 'bo.lind@acme.example', current: PASSWORD });
  const link = (await world.mail()).find(({ kind }) => kind === 'email_confirm')?.link ?? '';
  assert.equal((await browser.post(new URL(link).pathname)).location, '/security');
  return { world, partner, bo, before };
}

test('C11 deleting somebody leaves no row of theirs behind, and keeps the audit log', async (t) => {
  const { world, bo, before } = await worldWithBo(t);
  const events = (await world.events()).length;
  const [told] = await world.env.db.read.selectFrom('webhook_deliveries').select('payload').execute();
  assert.ok(told?.payload.includes(bo.email), 'a webhook is to hear of the set-up');
  const outcome = await deleteUser(world.env, { id: bo.id, ...REASON });
  assert.ok(!isRefusal(outcome) && outcome.sessions >= 1);
  const after = await everything(world);
  // Counters by network belong to nobody. So do the form results stored for ten minutes: a hash and a sealed address.
  const own = (rows: string[] = []) => rows.filter((row) => !/"key":"address-|"api_key_id":"form"/.test(row));
  const { former_emails: formerEmails = [], ...others } = after;
  for (const [table, rows] of Object.entries(others)) assert.deepEqual(own(rows), own(before[table]), table);
  // The person had two emails. Only a keyed hash of them is left, which does not lead to the person.
  assert.equal(formerEmails.length, 2);
  for (const row of formerEmails) assert.doesNotMatch(row, new RegExp(`@|${bo.id}`));
  const log = await world.events();
  assert.equal(log.length, events + 1);
  assert.deepEqual([log.at(-1)?.action, log.at(-1)?.subject], ['user.deleted', bo.id]);
});

test('of every kind of counter none is left of somebody deleted', async (t) => {
  const { world, bo } = await worldWithBo(t);
  await world.person().post('/forgot-password', { email: 'bo.lind@acme.example' });
  const owners = await ownersIn(world, bo.id, ['bo.lind@acme.example', 'bo@acme.example']);
  // A device that a link makes known has the id of its person.
  const counters = everyCounter({ ...owners, device: [...owners.device, bo.id] });
  await countOnlyIn(world, counters);
  assert.deepEqual(await countedKeys(world), keysIn(counters));
  await deleteUser(world.env, { id: bo.id, ...REASON });
  assert.deepEqual(await countedKeys(world), []);
});

test('the email of somebody deleted is free at once for the operator, also the one before a change', async (t) => {
  const { world, bo } = await worldWithBo(t);
  await deleteUser(world.env, { id: bo.id, ...REASON });
  for (const email of ['bo@acme.example', 'bo.lind@acme.example']) {
    const person = { email, name: 'Bo', role: 'member', partner: 'acme', password: undefined } as const;
    assert.ok(!isRefusal(await addPerson(world.env, 'command_line', person)), email);
  }
});

test('an email that its owner can still go back to is not given to somebody new', async (t) => {
  const { world } = await worldWithBo(t);
  const person = {
    email: 'bo@acme.example',
    name: 'Bo',
    role: 'member',
    partner: 'acme',
    password: undefined,
  } as const;
  const refused = await addPerson(world.env, 'command_line', person);
  assert.ok(isRefusal(refused) && refused.reason === 'email_taken');
  const { length } = await world.env.db.read.selectFrom('users').select('id').execute();
  assert.equal(length, 2, 'nothing is left of the try');
});

test('C19 the last administrator is not deleted, and another one is', async (t) => {
  const world = await openWorld(t);
  const rita = await world.addUser({ email: 'rita@portal.example', role: 'admin' });
  const refused = await deleteUser(world.env, { id: rita.id, ...REASON });
  assert.ok(isRefusal(refused) && refused.reason === 'last_administrator');
  await world.addUser({ email: 'sam@portal.example', role: 'admin' });
  assert.ok(!isRefusal(await deleteUser(world.env, { id: rita.id, ...REASON })));
});

test('deleting needs a reason, and in the console somebody who is disabled', async (t) => {
  const { world, bo } = await worldWithBo(t);
  assert.ok(isRefusal(await deleteUser(world.env, { id: bo.id, actor: 'command_line', reason: ' ' })));
  const early = await deleteUser(world.env, { id: bo.id, ...REASON, onlyDisabled: true });
  assert.ok(isRefusal(early) && early.reason === 'not_disabled');
  await disableUser(world.env, { id: bo.id, ...REASON });
  assert.ok(!isRefusal(await deleteUser(world.env, { id: bo.id, ...REASON, onlyDisabled: true })));
});
