import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Refusal } from '#core/values/result.ts';
import { refuse } from '#core/values/result.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { verifyAudit } from '#features/operate/audit-verify.ts';
import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { emailCounter, oneTimeCodeCounter, recoveryCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { REFUSAL_WINDOW_SECONDS } from '#flows/sign-in/note-refusal.ts';
import { openWorld, PASSWORD, type World } from '../world.ts';
import {
  authenticatorIdOf,
  closeSession,
  type Enrolled,
  enrolledPerson,
  failCodes,
  HOUR,
  haveFailed,
  MINUTE,
  onKnownDevice,
  pendingToken,
  tryCode,
  tryPassword,
  tryRecoveryCode,
  wrongCode,
} from './limits-story.ts';

const ADDRESS = '203.0.113.5';

type Event = Awaited<ReturnType<World['events']>>[number];

/** The window goes by, and the service writes down what it has counted. */
async function windowIsOver(world: World): Promise<void> {
  await flushRefusals(world.env);
  world.clock.at += REFUSAL_WINDOW_SECONDS + MINUTE;
  await closeOverRefusals(world.env);
}

async function refused(world: World, action: string, reason: string): Promise<readonly Event[]> {
  return (await world.events()).filter((event) => event.action === action && event.detail.reason === reason);
}

/** As many refusals as the events say: those that have one, and those that are counted. */
function told(events: readonly Event[]): number {
  return events.reduce((sum, { detail }) => sum + Number(detail.repeated ?? 1), 0);
}

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

type Flood = {
  readonly name: string;
  readonly action: string;
  readonly reason: string;
  /** Comes to where everything is refused; answers one refused request. */
  readonly reach: (world: World, ana: Enrolled) => Promise<() => Promise<{ readonly status: number }>>;
};

const FLOODS: readonly Flood[] = [
  {
    name: 'passwords for one email',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      for (let tries = 1; tries <= 10; tries++) await tryPassword(world, email, 'wrong');
      let from = 0;
      return () => tryPassword(world, email, 'wrong', `203.0.113.${from++ % 200}`);
    },
  },
  {
    name: 'passwords for one email that is locked out',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      await haveFailed(world, emailCounter(world.env, 'password', email), 100, HOUR);
      return () => tryPassword(world, email, 'wrong');
    },
  },
  {
    name: 'passwords from a known device',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const own = closeSession(await onKnownDevice(world, ana));
      for (let tries = 1; tries <= 10; tries++) await own.signIn(ana.email, 'wrong');
      return () => own.signIn(ana.email, 'wrong');
    },
  },
  {
    name: 'new sign-ins with the right password',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      for (let i = 0; i < 20; i++) await pendingToken(world, email);
      return () => tryPassword(world, email, PASSWORD);
    },
  },
  {
    name: 'codes that have to wait',
    action: 'sign_in.code_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      await failCodes(world, ana, 5);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes in a sign-in whose tries are used up',
    action: 'sign_in.code_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const token = await pendingToken(world, ana.email);
      for (let tries = 1; tries <= 4; tries++) await tryCode(world, ana, wrongCode(world, ana.secret), token);
      await tryRecoveryCode(world, ana, '0000-0000-0000-0000', token);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes of a paused authenticator',
    action: 'sign_in.code_refused',
    reason: 'authenticator_paused',
    async reach(world, ana) {
      const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
      await haveFailed(world, counter, 20, HOUR);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes of a disabled authenticator',
    action: 'sign_in.code_refused',
    reason: 'authenticator_disabled',
    async reach(world, ana) {
      const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
      await haveFailed(world, counter, 60, 5 * HOUR);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'recovery codes',
    action: 'recovery_code.refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      await haveFailed(world, recoveryCodeCounter(ana.id, undefined), 10, MINUTE);
      const token = await pendingToken(world, ana.email);
      return () => tryRecoveryCode(world, ana, '0000-0000-0000-0000', token);
    },
  },
  {
    name: 'links for one email',
    action: 'password.reset_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      let from = 0;
      const ask = () => world.person(`203.0.113.${from++ % 200}`).post('/forgot-password', { email });
      for (let i = 0; i < 3; i++) await ask();
      return ask;
    },
  },
  {
    name: 'links from one address',
    action: 'password.reset_refused',
    reason: 'too_many_attempts',
    async reach(world) {
      const person = world.person(ADDRESS);
      let number = 0;
      const ask = () => person.post('/forgot-password', { email: `nobody${number++}@acme.example` });
      for (let i = 0; i < 60; i++) assert.equal((await ask()).status, 303);
      return ask;
    },
  },
  {
    name: 'codes inside a session',
    action: 'step_up.refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const own = await onKnownDevice(world, ana);
      const wrong = () => own.post('/step-up', { code: wrongCode(world, ana.secret) });
      while ((await wrong()).status !== 429);
      return () => own.post('/step-up', { code: '123456' });
    },
  },
  {
    name: 'new passwords that break the rule',
    action: 'password.change_refused',
    reason: 'password_unacceptable',
    async reach(world, ana) {
      const own = await onKnownDevice(world, ana);
      return () => own.post('/security/password', { current: PASSWORD, password: 'short' });
    },
  },
];

describe('is one event with a number, whatever is refused without a try:', () => {
  for (const { name, action, reason, reach } of FLOODS) {
    test(name, async (t) => {
      const world = await openWorld(t);
      const ana = await enrolledPerson(world);
      const ask = await reach(world, ana);
      await windowIsOver(world);
      const again = await reAsk(world, ask);
      const [before, events] = again;
      assert.deepEqual([events.length - before, told(events.slice(before))], [2, 30]);
      const number = events.at(-1);
      assert.equal(number?.detail.repeated, 29);
    });

    async function reAsk(world: World, ask: () => Promise<{ readonly status: number }>) {
      world.clock.at -= REFUSAL_WINDOW_SECONDS + MINUTE;
      const before = (await refused(world, action, reason)).length;
      for (let i = 0; i < 30; i++) await ask();
      await windowIsOver(world);
      return [before, await refused(world, action, reason)] as const;
    }
  }

  test('a busy service', async (t) => {
    const busy: Refusal = refuse('temporarily_unavailable', { retryAfterSeconds: 2 });
    const world = await openWorld(t);
    Object.assign(world.env, { hasher: { ...world.env.hasher, inTurn: async () => busy } });
    for (let i = 0; i < 40; i++) {
      assert.equal((await tryPassword(world, `nobody${i}@acme.example`, 'wrong', ADDRESS)).status, 503);
    }
    assert.equal((await world.events()).length, 1);
    await windowIsOver(world);
    const events = await refused(world, 'sign_in.password_refused', 'temporarily_unavailable');
    assert.deepEqual([events.length, told(events)], [2, 40]);
  });
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
  /** Two nodes of one service, each with a memory of its own. */
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
