import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { addWebhook } from '#flows/administration/webhooks.ts';
import { deliverFairly } from '#flows/runtime/fair-queue.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { deliverWebhooks } from '#webhooks/deliver.ts';
import { openWorld } from '../world.ts';
import { openReceiver } from './receiver.ts';

const EVENTS = 150;

/** One receiver that hangs, one that works, and the same events for both. */
async function openTwo(t: TestContext) {
  const world = await openWorld(t, { environment: { SALLYPORT_LOCAL_WEBHOOKS: 'on' } });
  const { env } = world;
  const [hanging, healthy] = [await openReceiver(t), await openReceiver(t)];
  hanging.behaviour.hangs = true;
  for (const { url } of [hanging, healthy]) {
    assert(!isRefusal(await addWebhook(env, 'command_line', { url, events: WEBHOOK_EVENTS })));
  }
  const tell = (events: number) =>
    env.db.transaction(async (tx) => {
      for (let number = 0; number < events; number++) {
        const user = { id: `u${number}`, email: `p${number}@acme.example`, partnerId: undefined };
        await queueWebhooks(env, tx, { type: 'user.mfa_enrolled', user });
      }
    });
  return { env, hanging, healthy, tell };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(20);
}

test('a webhook that never answers delays no other: not what waits already, and not what happens meanwhile', async (t) => {
  const { env, hanging, healthy, tell } = await openTwo(t);
  await tell(EVENTS);
  let stopping = false;
  const round = deliverWebhooks(env, { isStopping: () => stopping, timeoutSeconds: 60 });
  await until(() => healthy.received.length === EVENTS);
  await until(() => hanging.received.length > 0);
  await tell(3);
  await until(() => healthy.received.length === EVENTS + 3);
  assert.ok(hanging.received.length <= 4, 'the other is still at its first turn');
  const ids = new Set(healthy.received.map(({ headers }) => headers['webhook-id']));
  assert.equal(ids.size, EVENTS + 3, 'none twice');
  stopping = true;
  hanging.hangUp();
  await round;
  const faults = await env.db.read
    .selectFrom('webhook_deliveries')
    .select(['tries', 'last_fault'])
    .where('last_fault', 'is not', null)
    .execute();
  assert.deepEqual(
    faults.map(({ tries, last_fault }) => [tries, last_fault]),
    Array(hanging.received.length).fill([1, 'connection_failed']),
  );
});

test('two nodes at once deliver each event once, while a webhook hangs on both', async (t) => {
  const { env, hanging, healthy, tell } = await openTwo(t);
  await tell(40);
  let stopping = false;
  const options = { isStopping: () => stopping, timeoutSeconds: 60 };
  const rounds = [deliverWebhooks(env, options), deliverWebhooks(env, options)];
  await until(() => healthy.received.length >= 40);
  await until(() => hanging.received.length > 0);
  stopping = true;
  hanging.hangUp();
  await Promise.all(rounds);
  assert.equal(healthy.received.length, 40);
});

test('where more receivers hang than are served at once, the others get their turn in between', async () => {
  const waiting = new Map([...'abcde'].map((receiver) => [receiver, receiver === 'e' ? 3 : 100]));
  const tried: string[] = [];
  let stopping = false;
  await deliverFairly<string>(
    {
      listReceivers: async () => [...waiting].filter(([, count]) => count > 0).map(([receiver]) => receiver),
      listDue: async (receiver, limit) => Array(Math.min(limit, waiting.get(receiver) ?? 0)).fill(receiver),
      async deliver(receiver) {
        tried.push(receiver);
        waiting.set(receiver, (waiting.get(receiver) ?? 0) - 1);
        stopping ||= waiting.get('e') === 0;
        return receiver === 'e' ? 'taken' : 'refused';
      },
    },
    { receivers: 2, perReceiver: 1, lookEveryMs: 5 },
    () => stopping,
  );
  assert.ok(tried.length < 20, tried.join(' '));
});

test('a fault of the database ends the round for all, once those under way have ended', async () => {
  const ended: string[] = [];
  const round = deliverFairly<string>(
    {
      listReceivers: async () => ['a', 'b'],
      listDue: async (receiver) => [receiver],
      async deliver(receiver) {
        if (receiver === 'a') throw new Error('the disk is full');
        await wait(30);
        ended.push(receiver);
        return 'refused';
      },
    },
    { receivers: 2, perReceiver: 1, lookEveryMs: 5 },
    () => false,
  );
  await assert.rejects(round, /the disk is full/);
  assert.deepEqual(ended, ['b']);
});
