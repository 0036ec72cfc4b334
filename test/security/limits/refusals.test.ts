import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { sealAuditTail } from '#features/operate/audit.ts';
import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { emailCounter } from '#flows/sign-in/attempt-counters.ts';
import { REFUSAL_WINDOW_SECONDS } from '#flows/sign-in/note-refusal.ts';
import { openWorld, PASSWORD } from '../../world.ts';
import { enrolledPerson, HOUR, haveFailed, MINUTE, pendingToken, tryPassword } from './limits-story.ts';
import { ADDRESS, refused, told, windowIsOver } from './refusals-story.ts';

test('a flood from one address that is over its limit is two events, the second with the number', async (t) => {
  const world = await openWorld(t);
  const ana = await enrolledPerson(world);
  for (let i = 0; i < 20; i++) await tryPassword(world, `nobody${i}@acme.example`, 'wrong', ADDRESS);
  for (let i = 0; i < 300; i++) {
    const email = i % 2 === 0 ? ana.email : `other${i}@acme.example`;
    assert.equal((await tryPassword(world, email, 'wrong', ADDRESS)).status, 429);
  }
  const before = await world.events();
  assert.equal(before.length, 21, 'each real try is an event, and the first refusal');
  assert.equal(before.at(-1)?.subject, ana.id);
  const began = world.clock.at;
  await windowIsOver(world);
  const [first, rest, ...others] = await refused(world, 'sign_in.password_refused', 'too_many_attempts');
  assert.deepEqual(others, []);
  assert.equal(first?.detail.repeated, undefined);
  assert.deepEqual(rest?.detail, { reason: 'too_many_attempts', repeated: 299, since: began });
  const { read } = world.env.db;
  const row = await read.selectFrom('audit_events').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
  assert.deepEqual([row.subject, row.partner], [null, null], 'they were of many people');
  assert.match(String(row.client), /203\.0\.113\.5/);
  assert.deepEqual(await read.selectFrom('refusal_counts').selectAll().execute(), []);
});

test('a try that is compared keeps its own event, and refusals do not touch the counters', async (t) => {
  const world = await openWorld(t);
  const ana = await enrolledPerson(world);
  for (let tries = 1; tries <= 10; tries++) await tryPassword(world, ana.email, 'wrong');
  const tries = () =>
    world.env.db.read
      .selectFrom('attempts')
      .select('state')
      .where('key', '=', emailCounter(world.env, 'password', ana.email).key)
      .execute();
  const counted = await tries();
  for (let i = 0; i < 50; i++) assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 429);
  assert.deepEqual(await tries(), counted);
  world.clock.at += 6 * MINUTE;
  assert.equal((await tryPassword(world, ana.email, 'wrong')).status, 401);
  assert.equal((await refused(world, 'sign_in.password_refused', 'wrong_password')).length, 11);
});

test('one network begins sixty windows an hour, and what is more is counted together', async (t) => {
  const world = await openWorld(t);
  for (let i = 0; i < 70; i++) {
    const counter = emailCounter(world.env, 'password', `person${i}@acme.example`);
    await haveFailed(world, counter, 100, HOUR);
  }
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 70; i++) {
      assert.equal((await tryPassword(world, `person${i}@acme.example`, 'wrong', ADDRESS)).status, 429);
    }
  }
  assert.equal((await world.events()).length, 61);
  await windowIsOver(world);
  const events = await refused(world, 'sign_in.password_refused', 'too_many_attempts');
  assert.deepEqual([events.length, told(events)], [122, 210]);
});

describe('no refusal is lost', () => {
  /** Two nodes of one service, each with its own memory. */
  async function twoNodes(t: TestContext) {
    const one = await openWorld(t);
    const two = await openWorld(t, { db: one.env.db, clock: one.clock });
    Object.assign(two.env, { keys: one.env.keys });
    const ana = await enrolledPerson(one);
    await haveFailed(one, emailCounter(one.env, 'password', ana.email), 100, HOUR);
    return { nodes: [one, two] as const, one, two, ana };
  }

  test('where two nodes meet the first of them at once, while they flush and close', async (t) => {
    const { nodes, one, two, ana } = await twoNodes(t);
    let sent = 0;
    for (let round = 0; round < 5; round++) {
      const tries = nodes.flatMap((node) => Array.from({ length: 20 }, () => tryPassword(node, ana.email, 'wrong')));
      sent += tries.length;
      const upkeep = nodes.flatMap(({ env }) => [flushRefusals(env), closeOverRefusals(env)]);
      await Promise.all([...tries, ...upkeep]);
      one.clock.at += REFUSAL_WINDOW_SECONDS / 2;
    }
    for (const { env } of [one, two, one]) {
      await flushRefusals(env);
      one.clock.at += 2 * REFUSAL_WINDOW_SECONDS;
      await Promise.all(nodes.map((node) => closeOverRefusals(node.env)));
    }
    const events = await refused(one, 'sign_in.password_refused', 'too_many_attempts');
    assert.equal(told(events), sent);
    assert.ok(events.length <= 8, `${events.length} events`);
    await sealAuditTail(one.env);
    assert.equal((await verifyAudit(one.env)).intact, true);
  });

  test('but those of the last second before a crash: another node writes down the others', async (t) => {
    const { one, two, ana } = await twoNodes(t);
    for (let i = 0; i < 10; i++) await tryPassword(one, ana.email, 'wrong');
    await flushRefusals(one.env);
    for (let i = 0; i < 5; i++) await tryPassword(one, ana.email, 'wrong');
    one.env.refusals.clear();
    await windowIsOver(two);
    const events = await refused(one, 'sign_in.password_refused', 'too_many_attempts');
    assert.deepEqual([events.length, told(events)], [2, 10]);
  });

  test('where one comes while the numbers are on their way to the database', async (t) => {
    const { one, ana } = await twoNodes(t);
    for (let i = 0; i < 3; i++) await tryPassword(one, ana.email, 'wrong');
    const { transaction } = one.env.db;
    const slow: typeof transaction = async (work) => {
      const outcome = await transaction(work);
      Object.assign(one.env.db, { transaction });
      await tryPassword(one, ana.email, 'wrong');
      return outcome;
    };
    Object.assign(one.env.db, { transaction: slow });
    await flushRefusals(one.env);
    await windowIsOver(one);
    assert.equal(told(await refused(one, 'sign_in.password_refused', 'too_many_attempts')), 4);
  });

  test('where the database is away for a while', async (t) => {
    const { one, ana } = await twoNodes(t);
    for (let i = 0; i < 10; i++) await tryPassword(one, ana.email, 'wrong');
    const { transaction } = one.env.db;
    Object.assign(one.env.db, { transaction: () => Promise.reject(new Error('away')) });
    await assert.rejects(flushRefusals(one.env), /away/);
    Object.assign(one.env.db, { transaction });
    await windowIsOver(one);
    assert.equal(told(await refused(one, 'sign_in.password_refused', 'too_many_attempts')), 10);
  });
});

test('a window that a clock began which was ahead is over once the clock is right', async (t) => {
  const world = await openWorld(t);
  const ana = await enrolledPerson(world);
  const fail = () => haveFailed(world, emailCounter(world.env, 'password', ana.email), 100, HOUR);
  world.clock.at += 365 * 24 * HOUR;
  await fail();
  for (let i = 0; i < 5; i++) await tryPassword(world, ana.email, 'wrong');
  await flushRefusals(world.env);
  world.clock.at -= 365 * 24 * HOUR;
  await fail();
  for (let i = 0; i < 5; i++) await tryPassword(world, ana.email, 'wrong');
  const events = await refused(world, 'sign_in.password_refused', 'too_many_attempts');
  assert.deepEqual(
    events.map(({ detail }) => detail.repeated),
    [undefined, 4, undefined],
  );
  await windowIsOver(world);
  assert.equal(told(await refused(world, 'sign_in.password_refused', 'too_many_attempts')), 10);
});

test('set-ups that are begun over and over, each with tries of its own, come to an end', async (t) => {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const { email } = await world.addUser({ email: 'new@acme.example', partnerId: partner.id });
  const token = await pendingToken(world, email, ADDRESS);
  const begin = () => world.api('POST', '/api/v1/sign-in/enrollment', {}, token, ADDRESS);
  const spend = () => world.env.db.transaction((tx) => tx.updateTable('enrollments').set({ tries: 20 }).execute());
  for (let count = 1; count <= 20; count++) {
    assert.equal((await begin()).status, 200);
    await spend();
  }
  const refusal = await begin();
  assert.deepEqual([refusal.status, refusal.body.code], [429, 'too_many_attempts']);
  const started = (await world.events()).filter(({ action }) => action === 'enrollment.started');
  assert.equal(started.length, 20);
});
