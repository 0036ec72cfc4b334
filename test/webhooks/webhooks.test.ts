import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { addWebhook, replay, resumeWebhook, rotateWebhookSecret, stopWebhook } from '#flows/administration/webhooks.ts';
import { claimDelivery } from '#store/queue/delivery-queue.ts';
import { deliverWebhooks } from '#webhooks/deliver.ts';
import { skip } from '../story.ts';
import { openWorld, PASSWORD, type World } from '../world.ts';
import { openReceiver, verifies } from './receiver.ts';

const DAY = 24 * 60 * 60;

async function openHook(t: TestContext, events: readonly string[] = WEBHOOK_EVENTS) {
  const world = await openWorld(t, { environment: { SALLYPORT_LOCAL_WEBHOOKS: 'on' } });
  const receiver = await openReceiver(t);
  const partner = await world.addPartner({ policy: 'required' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const made = await addWebhook(world.env, 'command_line', { url: receiver.url, events });
  assert.ok(!isRefusal(made));
  const { webhook, secret } = made;
  const optional = () => changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'optional' });
  return { world, receiver, partner, ana, id: webhook.id, secret, optional, deliver: () => deliverWebhooks(world.env) };
}

async function deliveriesOf({ env }: World) {
  return env.db.read.selectFrom('webhook_deliveries').selectAll().orderBy('id').execute();
}

async function stateOf({ env }: World, id: string) {
  return env.db.read.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

test('each event arrives signed, with ids and the email and nothing secret', async (t) => {
  const { world, receiver, partner, ana, secret, deliver } = await openHook(t);
  const { env } = world;
  const browser = world.person('203.0.113.77');
  await browser.signIn(ana.email);
  const authenticator = await browser.enroll(world.clock.at);
  await deliver();
  const other = world.person('203.0.113.78');
  await other.signIn(ana.email);
  for (let tries = 0; tries < 20; tries++) {
    world.clock.at += 3600;
    await other.signIn(ana.email);
    await other.post('/sign-in/one-time-code', { code: '000000' });
  }
  await deliver();
  await takeAuthenticators(env, { actor: 'command_line', email: ana.email, reason: 'lost phone at sea' });
  await changeMfaPolicy(env, 'command_line', 'acme', { policy: 'required', requiredFrom: world.clock.at + 9 * DAY });
  await deliver();
  const bodies = receiver.received.map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    bodies.map(({ type }) => type),
    ['user.mfa_enrolled', 'sign_in.paused', 'user.mfa_reset', 'partner.mfa_policy_changed'],
  );
  const user = { user: { id: ana.id, email: ana.email }, partner: { id: partner.id } };
  assert.deepEqual([bodies[0].data, bodies[2].data], [user, user]);
  assert.deepEqual({ ...bodies[1].data, until: undefined }, { ...user, until: undefined });
  assert.match(bodies[1].data.until, /^\d{4}-.*Z$/);
  assert.deepEqual(Object.keys(bodies[3].data), ['partner', 'mfa']);
  for (const one of receiver.received) {
    assert.ok(verifies(secret, one, Number(one.headers['webhook-timestamp'])));
    assert.ok(!verifies(secret, { ...one, body: `${one.body} ` }, Number(one.headers['webhook-timestamp'])));
    assert.ok(!verifies(secret, one, Number(one.headers['webhook-timestamp']) + 301), 'an old one is refused');
    for (const hidden of ['203.0.113', authenticator, 'lost phone', 'Browser/1']) assert.ok(!one.body.includes(hidden));
  }
});

test('a webhook hears what it listens to, and nothing twice', async (t) => {
  const { world, receiver, ana, deliver, optional } = await openHook(t, ['user.mfa_reset']);
  await optional();
  await takeAuthenticators(world.env, { actor: 'command_line', email: ana.email, reason: 'lost phone' });
  await Promise.all([deliver(), deliver(), deliver()]);
  await deliver();
  assert.equal(receiver.received.length, 1);
});

test('an act that is rolled back tells nobody', async (t) => {
  const { world, receiver, ana, deliver } = await openHook(t);
  const { db } = world.env;
  const transaction: typeof db.transaction = (work) =>
    db.transaction(async (tx) => {
      await work(tx);
      throw new Error('the disk is full');
    });
  const failing = { ...world.env, db: { ...db, transaction } };
  const act = { actor: 'command_line', email: ana.email, reason: 'lost phone' };
  await assert.rejects(takeAuthenticators(failing, act), /disk is full/);
  await deliver();
  assert.deepEqual([receiver.received.length, (await deliveriesOf(world)).length], [0, 0]);
});

test('what is not taken is tried again, later and later, under the same id, and not once it was taken', async (t) => {
  const { world, receiver, secret, optional, deliver } = await openHook(t);
  receiver.behaviour.status = 500;
  await optional();
  const waits = [];
  for (let tries = 0; tries < 6; tries++) {
    await deliver();
    const [delivery] = await deliveriesOf(world);
    assert.equal(delivery?.last_fault, 'status_500');
    waits.push((delivery?.next_try_at ?? 0) - world.clock.at);
    await deliver();
    world.clock.at = delivery?.next_try_at ?? 0;
  }
  assert.deepEqual(waits, [5, 25, 125, 625, 3125, 14_400]);
  receiver.behaviour.status = 200;
  await deliver();
  world.clock.at += DAY;
  await deliver();
  assert.equal(receiver.received.length, 7);
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
  const last = receiver.received.at(-1);
  assert.ok(last && verifies(secret, last, world.clock.at - DAY), 'signed again with the time of the try');
});

test('a webhook that took nothing for three days is disabled, says so, and goes on when it is enabled', async (t) => {
  const { world, receiver, id, optional, deliver } = await openHook(t);
  receiver.behaviour.status = 503;
  await optional();
  for (let hours = 0; hours <= 76; hours += 4) {
    await deliver();
    world.clock.at += 4 * 3600;
  }
  assert.equal((await stateOf(world, id)).disabled_because, 'failing');
  assert.deepEqual((await world.events()).at(-1)?.actor, 'system');
  const [dead] = await deliveriesOf(world);
  assert.ok(dead?.dead_at);
  await optional();
  receiver.behaviour.status = 200;
  const heard = receiver.received.length;
  await deliver();
  assert.equal(receiver.received.length, heard, 'it gets nothing');
  assert.equal((await deliveriesOf(world)).length, 1, 'and nothing waits for it');
  assert.ok(!isRefusal(await resumeWebhook(world.env, 'command_line', id)));
  assert.equal(await replay(world.env, 'command_line', dead.id), true);
  await deliver();
  assert.equal(receiver.received.at(-1)?.headers['webhook-id'], dead.id, 'a replay keeps its id');
  assert.equal((await stateOf(world, id)).failing_since, null);
});

test('410 says that nobody wants it: disabled at once', async (t) => {
  const { world, receiver, id, optional, deliver } = await openHook(t);
  receiver.behaviour.status = 410;
  await optional();
  await deliver();
  assert.equal((await stateOf(world, id)).disabled_because, 'failing');
});

test('disabled by staff, a webhook hears nothing, and another hears on', async (t) => {
  const { world, receiver, id, optional, deliver } = await openHook(t);
  const other = await openReceiver(t);
  assert.ok(!isRefusal(await addWebhook(world.env, 'command_line', { url: other.url, events: WEBHOOK_EVENTS })));
  await optional();
  assert.ok(!isRefusal(await stopWebhook(world.env, 'command_line', id)));
  await deliver();
  await optional();
  await deliver();
  assert.deepEqual([receiver.received.length, other.received.length], [0, 2]);
  assert.ok(!isRefusal(await resumeWebhook(world.env, 'command_line', id)));
  await deliver();
  assert.equal(receiver.received.length, 1, 'what waited when it was disabled goes out, what came after does not');
});

test('for a day a new secret signs beside the old one, then alone', async (t) => {
  const { world, receiver, id, secret, optional, deliver } = await openHook(t);
  const rotated = await rotateWebhookSecret(world.env, 'command_line', id);
  assert.ok(!isRefusal(rotated));
  const check = async () => {
    await optional();
    await deliver();
    const last = receiver.received.at(-1);
    assert.ok(last);
    return [secret, rotated.secret].map((each) => verifies(each, last, world.clock.at));
  };
  assert.deepEqual(await check(), [true, true]);
  world.clock.at += DAY;
  assert.deepEqual(await check(), [false, true]);
});

test('exchanged twice within a day, the first secret signs no more', async (t) => {
  const { world, receiver, id, secret, optional, deliver } = await openHook(t);
  const second = await rotateWebhookSecret(world.env, 'command_line', id);
  const third = await rotateWebhookSecret(world.env, 'command_line', id);
  assert.ok(!isRefusal(second) && !isRefusal(third));
  await optional();
  await deliver();
  const [told] = receiver.received;
  assert.ok(told);
  const signed = [secret, second.secret, third.secret].map((each) => verifies(each, told, world.clock.at));
  assert.deepEqual(signed, [false, true, true]);
});

test('a delivery that a process died with in hand waits for its time, and then goes out', async (t) => {
  const { world, receiver, optional, deliver } = await openHook(t);
  await optional();
  const [{ id } = { id: '' }] = await deliveriesOf(world);
  const claim = { now: world.clock.at, untilAt: world.clock.at + 40 };
  const take = () => world.env.db.transaction((tx) => claimDelivery(tx, 'webhook_deliveries', id, claim));
  assert.deepEqual([await take(), await take()], [true, false], 'one claim each');
  await deliver();
  assert.equal(receiver.received.length, 0);
  world.clock.at += 40;
  await deliver();
  assert.equal(receiver.received.length, 1);
});

test('no redirect is followed, and a long answer is not read', async (t) => {
  const { world, receiver, optional, deliver } = await openHook(t);
  const target = await openReceiver(t);
  Object.assign(receiver.behaviour, { status: 307, headers: { location: target.url } });
  await optional();
  await deliver();
  assert.equal((await deliveriesOf(world))[0]?.last_fault, 'status_307');
  Object.assign(receiver.behaviour, { status: 200, headers: {}, body: 'x'.repeat(50_000_000) });
  world.clock.at += 10;
  await deliver();
  assert.ok((await deliveriesOf(world))[0]?.delivered_at);
  assert.equal(target.received.length, 0);
});

test('a receiver that hangs is left after the time it has', async (t) => {
  const { world, receiver, optional } = await openHook(t);
  receiver.behaviour.hangs = true;
  await optional();
  await deliverWebhooks(world.env, { timeoutSeconds: 0.2 });
  assert.equal((await deliveriesOf(world))[0]?.last_fault, 'timeout');
});

test('the secret is sealed, bound to its webhook, and nowhere else', async (t) => {
  const { world, secret } = await openHook(t);
  const tables = ['webhooks', 'webhook_secrets', 'audit_events'] as const;
  for (const table of tables) {
    const rows = JSON.stringify(await world.env.db.read.selectFrom(table).selectAll().execute());
    assert.ok(!rows.includes(secret) && !rows.includes(secret.slice(6)), table);
  }
  assert.ok(!world.log.join('').includes(secret.slice(6)));
});

test('MFA set up in /security is told as at sign-in; another app in its place is not', async (t) => {
  const { world, receiver, ana, optional, deliver } = await openHook(t, ['user.mfa_enrolled']);
  assert.ok(!isRefusal(await optional()));
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.equal((await skip(browser)).location, '/');
  world.clock.at += 300;
  await browser.get('/security/authenticator');
  assert.equal((await browser.post('/step-up', { password: PASSWORD })).location, '/security/authenticator');
  const setUp = async () => {
    await browser.get('/security/authenticator');
    await browser.post('/security/authenticator/start');
    const { text } = await browser.get('/security/authenticator');
    const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
    world.clock.at += 30;
    const confirmed = await browser.post('/security/authenticator', { code: world.totp(secret) });
    assert.deepEqual([secret.length, confirmed.status], [32, 303]);
    await browser.post('/enroll/recovery-codes', { saved: 'yes' });
    await deliver();
    return receiver.received.length;
  };
  assert.equal(await setUp(), 1);
  assert.equal(await setUp(), 1);
});
