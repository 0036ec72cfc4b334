import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptCounter, splitAttemptCounter } from '#core/limits/counter-kinds.ts';
import { reserveTry } from '#core/limits/throttle.ts';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import { randomBytes } from '#crypto/random.ts';
import { disableUser, enableUser, makeResetLink, unlockUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { findTries, reserveTries } from '#store/limits/attempts.ts';
import { findLink } from '#store/people/links.ts';
import { openWorld, PASSWORD, START, type World } from '../world.ts';
import { countedKeys, countOnlyIn, everyCounter, keysIn, ownersIn, useUp } from './every-counter.ts';

const TABLES = [
  'authenticators',
  'recovery_codes',
  'recovery_code_sets',
  'enrollments',
  'devices',
  'sessions',
  'pending_sign_ins',
] as const;

/** A user with everything that a person can have. */
async function enrolledUser(world: World, email: string, partnerId: string) {
  const user = await world.addUser({ email, partnerId });
  const browser = world.person();
  await browser.signIn(email);
  const secret = await browser.enroll(world.clock.at);
  world.clock.at += 60;
  const other = world.person();
  await other.signIn(email);
  await other.post('/sign-in/one-time-code', { code: '000000' });
  await other.post('/sign-in/recovery-code', { code: '0000-0000-0000-0000' });
  return { ...user, browser, other, secret, act: { email, actor: 'command_line', reason: 'lost phone' } };
}

async function rowsOf(world: World, userId: string): Promise<Record<string, number>> {
  const { read } = world.env.db;
  const counts = TABLES.map(async (table) => {
    return [table, (await read.selectFrom(table).select('id').where('user_id', '=', userId).execute()).length];
  });
  return Object.fromEntries(await Promise.all(counts));
}

test('reset-mfa tells the person by mail, and nobody who is disabled', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const act = { actor: 'command_line', reason: 'lost phone' };
  const mailed = async () => (await world.mail()).map(({ kind, to }) => [kind, to]);
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
  await takeAuthenticators(world.env, { ...act, id: ana.id });
  assert.deepEqual(await mailed(), [['mfa_reset', ana.email]]);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId });
  await world.addAuthenticator(bo.id);
  await disableUser(world.env, { ...act, id: bo.id });
  assert(!isRefusal(await takeAuthenticators(world.env, { ...act, id: bo.id })));
  assert.deepEqual(await mailed(), [['mfa_reset', ana.email]]);
  assert.equal((await rowsOf(world, bo.id)).authenticators, 0);
});

test('reset-mfa takes everything that was built on the authenticator, and from nobody else', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const bo = await enrolledUser(world, 'bo@acme.example', partnerId);
  const [before, boBefore] = [await rowsOf(world, ana.id), await rowsOf(world, bo.id)];
  for (const table of ['authenticators', 'recovery_codes', 'devices', 'sessions', 'pending_sign_ins']) {
    assert(before[table], `${table} has rows before`);
  }
  const outcome = await takeAuthenticators(world.env, ana.act);
  assert(!isRefusal(outcome));
  assert.equal(outcome.sessions, 1);
  const { pending_sign_ins: signposts, ...gone } = await rowsOf(world, ana.id);
  assert.deepEqual(
    Object.values(gone),
    Object.values(gone).map(() => 0),
  );
  // The finished one only contains its target.
  assert.equal(signposts, 1);
  assert.deepEqual(await rowsOf(world, bo.id), boBefore);
  assert.deepEqual((await world.events()).at(-1)?.detail, { reason: 'lost phone', sessions: 1 });
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
  assert.equal(body.state, 'enrollment_required');
});

test('a disabled user is out at once and stays out until enabled', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const link = await makeResetLink(world.env, ana.act);
  assert(!isRefusal(link));
  const signIn = () => world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
  const outcome = await disableUser(world.env, ana.act);
  assert(!isRefusal(outcome));
  assert.deepEqual([outcome.sessions, outcome.changed], [1, true]);
  const rows = await rowsOf(world, ana.id);
  assert.deepEqual([rows.sessions, rows.devices, rows.authenticators], [0, 0, 1]);
  const hash = tokenHash(link.url.slice(link.url.lastIndexOf('/') + 1));
  assert.equal(await findLink(world.env.db.read, hash, ['reset'], START), undefined);
  assert.equal((await signIn()).status, 401);
  assert.deepEqual(await makeResetLink(world.env, ana.act), { refused: 'forbidden', reason: 'user_disabled' });
  const again = await disableUser(world.env, ana.act);
  assert(!isRefusal(again) && !again.changed);
  await enableUser(world.env, ana.act);
  assert.equal((await signIn()).body.state, 'second_factor_required');
  const acts = (await world.events()).map(({ action }) => action).filter((action) => action.startsWith('user.'));
  assert.deepEqual(acts, ['user.disabled', 'user.enabled']);
});

/** One counter of each kind for a person with an authenticator, a device and a link. */
async function everyCounterOf(world: World, { act, ...user }: Awaited<ReturnType<typeof enrolledUser>>) {
  assert(!isRefusal(await makeResetLink(world.env, act)));
  return everyCounter(await ownersIn(world, user.id, [user.email]));
}

test('reset-mfa clears exactly the kinds of counter that the table marks, and of nobody else', async (t) => {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const anas = await everyCounterOf(world, ana);
  const bos = await everyCounterOf(world, await enrolledUser(world, 'bo@acme.example', partnerId));
  await countOnlyIn(world, [...anas, ...bos]);
  assert(!isRefusal(await takeAuthenticators(world.env, ana.act)));
  const left = anas.filter(({ kind }) => !kind.factor);
  assert.deepEqual(await countedKeys(world), keysIn([...left, ...bos]));
});

test('unlock opens exactly the kinds of counter that the table marks, and of nobody else', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const anas = await everyCounterOf(world, ana);
  const bos = await everyCounterOf(world, await enrolledUser(world, 'bo@acme.example', partnerId));
  await useUp(world, [...anas, ...bos]);
  assert(!isRefusal(await unlockUser(env, ana.act)));
  for (const counter of [...anas, ...bos]) {
    const answer = reserveTry(counter.rule, await findTries(env.db.read, counter.key), env.now());
    assert.equal(!isRefusal(answer), anas.includes(counter) && counter.kind.unlocks, counter.key);
  }
});

test('unlock opens the counters of an email under an older key too, so that a reseal does not close them again', async (t) => {
  const keyTexts = [2, 1].map((n) => `k${n}:${randomBytes(32).toString('base64')}`);
  const world = await openWorld(t, { database: { keyText: keyTexts.join(',') } });
  const { env } = world;
  const { email } = await world.addUser({ email: 'ana@portal.example', role: 'csm' });
  const counters = env.keys.macs('email', email).map(({ mac }) => attemptCounter('password', mac));
  assert.equal(counters.length, 2);
  await useUp(world, counters);
  assert(!isRefusal(await unlockUser(env, { email, actor: 'command_line', reason: 'on the phone' })));
  for (const { key, rule } of counters) {
    assert(!isRefusal(reserveTry(rule, await findTries(env.db.read, key), env.now())), key);
  }
});

test('unlock leaves the 30-day budget', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const counters = await everyCounterOf(world, ana);
  await useUp(world, counters);
  assert(!isRefusal(await unlockUser(env, ana.act)));
  const code = counters.filter(({ key }) => key.startsWith('code:'));
  assert.equal(code.length, 2, 'one for the known device, one for all others');
  for (const { key } of code) {
    const kept = await findTries(env.db.read, key);
    assert.deepEqual(
      kept?.windows.map((buckets) => buckets.length),
      [0, 1],
    );
  }
});

test('unlock leaves a disabled authenticator disabled, and says so', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner();
  const ana = await enrolledUser(world, 'ana@acme.example', partnerId);
  const [authenticator] = await env.db.read.selectFrom('authenticators').select('id').execute();
  const counter = splitAttemptCounter('code', authenticator?.id ?? '', undefined);
  const failOnce = () => env.db.transaction((tx) => reserveTries(tx, [counter], env.now()));
  const isDisabled = (answer: Awaited<ReturnType<typeof failOnce>>) =>
    isRefusal(answer) && answer.refused === 'authenticator_disabled';
  while (!isDisabled(await failOnce())) world.clock.at += 3600;
  const outcome = await unlockUser(env, ana.act);
  assert(!isRefusal(outcome) && outcome.stillDisabled);
  assert(isDisabled(await failOnce()));
});

test('a reset link lives 30 minutes and ends the one before', async (t) => {
  const world = await openWorld(t);
  await world.addUser({ email: 'csm@portal.example', role: 'csm' });
  const make = () => makeResetLink(world.env, { email: 'CSM@portal.example', actor: 'command_line' });
  const [first, second] = [await make(), await make()];
  assert(!isRefusal(first) && !isRefusal(second));
  const find = ({ url }: { url: string }, now: number) =>
    findLink(world.env.db.read, tokenHash(url.slice(url.lastIndexOf('/') + 1)), ['reset'], now);
  assert.match(second.url, /\/password\/[\w-]{43}$/);
  assert.equal(await find(first, START), undefined);
  assert((await find(second, START + 30 * 60 - 1)) !== undefined);
  assert.equal(await find(second, START + 30 * 60), undefined);
});

test('an act without a reason, or on nobody, is refused', async (t) => {
  const { env, addUser } = await openWorld(t);
  const { email } = await addUser({ email: 'csm@portal.example', role: 'csm' });
  const blank = await disableUser(env, { email, actor: 'command_line', reason: ' \n ' });
  assert.deepEqual(blank, { refused: 'invalid_request', reason: 'reason_missing' });
  const nobody = await takeAuthenticators(env, { email: 'nobody@portal.example', actor: 'command_line', reason: 'x' });
  assert.deepEqual(nobody, { refused: 'not_found', reason: 'user' });
});
