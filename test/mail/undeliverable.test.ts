import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueMail } from '#flows/runtime/mail.ts';
import { mailJob } from '#mail/deliver.ts';
import { claimDelivery } from '#store/queue/delivery-queue.ts';
import { listMail } from '#store/queue/outbox.ts';
import { openWorld } from '../world.ts';
import { openBoth, RESET } from './deliver-story.ts';

test('a process that died with a mail in hand leaves it to the next, which sends it once', async (t) => {
  const { office, write, deliver, env, clock } = await openBoth(t);
  const id = await write();
  const claim = { now: clock.at, untilAt: clock.at + 90 };
  assert.equal(await env.db.transaction((tx) => claimDelivery(tx, 'outbox', id, claim)), true);
  await deliver(89);
  assert.equal(office.raw.length, 0, 'the other may still be at it');
  await deliver(1);
  await deliver(90);
  assert.equal(office.raw.length, 1);
});

test('a mail whose link is over is not sent: it is given up with a line, and its link erased', async (t) => {
  const { office, write, deliver, row, log } = await openBoth(t);
  office.behaviour.greeting = 421;
  const id = await write();
  const news = await write({ kind: 'mfa_reset', withCode: false });
  await deliver();
  delete office.behaviour.greeting;
  await deliver(30 * 60);
  const { dead_at, sealed_parameters } = await row(id);
  assert.deepEqual([dead_at, sealed_parameters], [1_800_000_000 + 1800, '']);
  assert.equal(log.filter((line) => line.includes('it would come too late')).length, 1);
  assert.notEqual((await row(news)).sent_at, null, 'news are good for three days');
});

test('without a mail server mail stays, and what is over is erased all the same', async (t) => {
  const { env, clock } = await openWorld(t);
  const job = mailJob(env);
  await env.db.transaction((tx) =>
    queueMail(env, tx, { email: 'ana@acme.example', locale: 'en', partnerId: undefined }, RESET),
  );
  assert.equal(await job.isDue?.(), false);
  clock.at += 30 * 60;
  assert.equal(await job.isDue?.(), true);
  await job.run({ isStopping: () => false });
  const [mail] = await listMail(env.db.read, 1);
  assert.deepEqual([mail?.sealed_parameters, mail?.tries], ['', 0]);
});

test('mail that waits for ten minutes is a reason in /readyz, which stays ready', async (t) => {
  const { office, write, deliver, readiness, clock } = await openBoth(t);
  office.behaviour.greeting = 421;
  await write();
  await deliver();
  clock.at += 599;
  assert.deepEqual(await readiness(), []);
  clock.at += 1;
  assert.deepEqual(await readiness(), ['mail_stuck']);
  delete office.behaviour.greeting;
  await deliver();
  assert.deepEqual(await readiness(), []);
});

test('a mail that does not decrypt is given up and nothing of it is sent', async (t) => {
  const { office, write, deliver, row, env } = await openBoth(t);
  const id = await write();
  const sealed = env.keys.seal('mail', { table: 'outbox', rowId: 'another', userId: '' }, '{}');
  await env.db.transaction((tx) => tx.updateTable('outbox').set({ sealed_parameters: sealed }).execute());
  await deliver();
  assert.deepEqual([(await row(id)).last_fault, office.raw.length], ['unreadable', 0]);
});

test('a mail whose words cannot be made waits, and the log says so, not that it does not decrypt', async (t) => {
  const { office, write, deliver, row, env, log } = await openBoth(t);
  const recipient = 'ana@acme.example';
  const id = await write({ kind: 'invited_again', partner: 'Acme' }, recipient);
  const sealed = env.keys.seal('mail', { table: 'outbox', rowId: id, userId: recipient }, '{}');
  await env.db.transaction((tx) => tx.updateTable('outbox').set({ sealed_parameters: sealed }).execute());
  await deliver();
  const { last_fault, dead_at, sealed_parameters } = await row(id);
  assert.deepEqual([last_fault, dead_at, sealed_parameters, office.raw.length], ['unwritable', null, sealed, 0]);
  const faults = log.filter((line) => JSON.parse(line).mailId === id && JSON.parse(line).err);
  assert.deepEqual(
    faults.map((line) => [JSON.parse(line).msg, JSON.parse(line).kind]),
    [['the words of a mail could not be made', 'invited_again']],
  );
});

test('a recipient that somebody changed in the database gets nothing, and no header comes of it', async (t) => {
  const { office, write, deliver, env } = await openBoth(t);
  for (const recipient of [
    'b@evil.example',
    'ana@acme.example, b@evil.example',
    'ana@acme.example\r\nBcc: b@evil.example',
  ]) {
    await write();
    await env.db.transaction((tx) => tx.updateTable('outbox').set({ recipient }).execute());
    await deliver();
    assert.equal(office.raw.length, 0);
  }
});

test('whatever the server does, the log holds no link, no address and no words', async (t) => {
  const { office, write, deliver, log } = await openBoth(t);
  const behaviours = [{ greeting: 421 }, { sender: 553 }, { recipients: { 'ana@acme.example': 451 } }, { data: 451 }];
  for (const behaviour of [...behaviours, { data: 'drop' as const }, { data: 554 }, {}]) {
    for (const key of Object.keys(office.behaviour)) Reflect.deleteProperty(office.behaviour, key);
    Object.assign(office.behaviour, behaviour);
    await write();
    await deliver(3600);
  }
  assert.ok(log.length >= 7);
  for (const line of log) assert.doesNotMatch(line, /aaaa|acme|Set a new password|as it was told/, line);
});
