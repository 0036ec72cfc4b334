import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { putRightAtOnce, startClockWatch } from '#features/operate/clock.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import { remind } from '#features/operate/reminders.ts';
import { runJob } from '#flows/runtime/jobs.ts';
import { deliverMail } from '#mail/deliver.ts';
import { listServers, putServer } from '#store/operations/servers.ts';
import { openWorld, PASSWORD, type World } from '../../world.ts';

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const MEMBER = 'ana@acme.example';

/** A world, a person with an authenticator app, and a steady clock. */
async function openStory(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const user = await world.addUser({ email: MEMBER, partnerId: partner.id });
  const secret = await world.addAuthenticator(user.id);
  const steady = { seconds: 0 };
  const watch = () => startClockWatch(world.env, () => steady.seconds);
  return { world, user, secret, steady, watch };
}

type Story = Awaited<ReturnType<typeof openStory>>;

/** The clock is ahead during the work, and right again afterwards. Then the watch restarts, as an operator would do. */
async function whileAhead(
  { world, watch }: Pick<Story, 'world' | 'watch'>,
  seconds: number,
  work: () => Promise<unknown>,
) {
  world.clock.at += seconds;
  await work();
  world.clock.at -= seconds;
  await (await watch()).stop();
}

async function signIn({ world, secret }: Pick<Story, 'world' | 'secret'>, stepsAhead = 0) {
  const opened = await world.api('POST', '/api/v1/sign-in', { email: MEMBER, password: PASSWORD });
  if (opened.status !== 200) return opened;
  const code = world.totp(secret, stepsAhead);
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, String(opened.body.pendingToken));
}

test('who signed in while the clock was ahead signs in again as soon as it is right', async (t) => {
  for (const ahead of [2 * HOUR, YEAR]) {
    const story = await openStory(t);
    await whileAhead(story, ahead, async () => {
      assert.equal((await signIn(story)).status, 200);
      story.world.clock.at += 60;
      assert.equal((await signIn(story)).status, 200);
      story.world.clock.at -= 60;
    });
    assert.equal((await signIn(story)).status, 200, `${ahead}`);
  }
});

test('a code that was accepted while the clock was ahead is refused when its time comes', async (t) => {
  const story = await openStory(t);
  const { world } = story;
  const ahead = 2 * HOUR;
  await whileAhead(story, ahead, () => signIn(story));
  assert.equal((await signIn(story)).status, 200);
  world.clock.at += ahead;
  const again = await signIn(story);
  assert.deepEqual([again.status, again.body.code], [422, 'code_already_used']);
  world.clock.at += 30;
  assert.equal((await signIn(story)).status, 200);
});

test('a clock that goes back for a while lets no code through a second time', async (t) => {
  const story = await openStory(t);
  const { world, watch } = story;
  assert.equal((await signIn(story)).status, 200);
  world.clock.at -= HOUR;
  await (await watch()).stop();
  assert.equal((await signIn(story)).status, 200, 'a person whose phone has the same time goes on');
  world.clock.at += HOUR;
  const again = await signIn(story);
  assert.deepEqual([again.status, again.body.code], [422, 'code_already_used']);
});

test('jobs and mail go on as soon as the clock is right, and a server that died ahead counts as gone', async (t) => {
  const story = await openStory(t);
  const { world } = story;
  const job = { name: 'test', everySeconds: 60, run: async () => {} };
  const sent: string[] = [];
  const mailer = {
    send: async ({ to }: { to: string }) => {
      sent.push(to);
      return { outcome: 'sent' as const };
    },
    close: () => {},
  };
  await whileAhead(story, 2 * HOUR, async () => {
    assert.equal(await runJob(world.env, job), true);
    const server = { id: 's', name: 'gone:1', key_ids: 'k1', started_at: world.clock.at, seen_at: world.clock.at };
    await world.env.db.transaction((tx) => putServer(tx, server));
    await world.person().post('/forgot-password', { email: MEMBER });
  });
  await deliverMail(world.env, mailer);
  assert.deepEqual(sent, [MEMBER]);
  world.clock.at += 59;
  assert.equal(await runJob(world.env, job), true);
  assert.deepEqual(await listServers(world.env.db.read, world.clock.at), []);
});

test('every jump is noticed, also while the watch waits for the database', async (t) => {
  const { world, watch } = await openStory(t);
  const clock = await watch();
  let letGo = () => {};
  t.after(() => letGo());
  const held = world.env.db.transaction(() => new Promise<void>((resolve) => (letGo = resolve)));
  const noticed = () =>
    world.log
      .filter((line) => line.includes('the clock of this machine jumped'))
      .map((line) => JSON.parse(line).seconds);
  const steps = [-2 * HOUR, HOUR, -HOUR];
  for (const [done, seconds] of steps.entries()) {
    world.clock.at += seconds;
    await until(() => noticed().length === done + 1);
  }
  letGo();
  await held;
  await clock.stop();
  assert.deepEqual(noticed(), steps);
});

test('what another process left ahead is put right, although older events are further ahead', async (t) => {
  const story = await openStory(t);
  const { world, steady, watch } = story;
  await whileAhead(story, DAY, () => signIn(story));
  const clock = await watch();
  // Within a second, so that this watch sees no jump.
  world.clock.at += HOUR;
  assert.equal((await signIn(story)).status, 200);
  world.clock.at -= HOUR;
  steady.seconds += 11;
  const latest = world.clock.at / 30 + 2;
  await until(async () => {
    const app = await world.env.db.read.selectFrom('authenticators').select('last_used_step').executeTakeFirstOrThrow();
    return (app.last_used_step ?? 0) <= latest;
  });
  await clock.stop();
  assert.deepEqual(await jumps(world), []);
  assert.equal((await signIn(story)).status, 200);
});

test('a command puts right what would hold it up', async (t) => {
  const { world } = await openStory(t);
  const at = world.clock.at + YEAR;
  const server = { id: 's', name: 'gone:1', key_ids: 'k1', started_at: at, seen_at: at };
  await world.env.db.transaction((tx) => putServer(tx, server));
  await putRightAtOnce(world.env);
  world.clock.at += 31;
  assert.deepEqual(await listServers(world.env.db.read, world.clock.at), []);
});

test('a jump ahead deletes nothing, gives nothing up and reminds nobody before it has stood for five minutes', async (t) => {
  const story = await openStory(t);
  const { world, steady, watch } = story;
  const requiredFrom = world.clock.at + 300 * DAY;
  const other = await world.addPartner({ name: 'Beta', slug: 'beta', requiredFrom });
  await world.addUser({ email: 'bo@beta.example', partnerId: other.id });
  await signIn(story, 5);
  await world.person().post('/forgot-password', { email: MEMBER });
  const counts = async () => {
    const { read } = world.env.db;
    const rows = await Promise.all(
      (['attempts', 'outbox', 'links', 'reminders'] as const).map((table) =>
        read.selectFrom(table).selectAll().execute(),
      ),
    );
    return rows.map(({ length }) => length);
  };
  const clock = await watch();
  const own = { ...world.env, now: clock.now };
  await tidy(own);
  const before = await counts();
  world.clock.at += 310 * DAY;
  await tidy(own);
  await remind(own);
  await until(clock.jumpedLately);
  assert.deepEqual(await counts(), before);
  const { read } = world.env.db;
  assert.deepEqual(await read.selectFrom('outbox').select('dead_at').distinct().execute(), [{ dead_at: null }]);
  // Like the end of a long suspend: the new time is stable.
  steady.seconds += 301;
  world.clock.at += 301;
  await until(() => clock.now() === world.clock.at);
  await tidy(own);
  assert.notDeepEqual(await counts(), before);
  await clock.stop();
});

test('a jump is reported in the log, in the audit log and by the readiness check', async (t) => {
  const { world, watch } = await openStory(t);
  const clock = await watch();
  assert.equal(clock.jumpedLately(), false);
  world.clock.at += 2 * HOUR;
  await until(() => clock.jumpedLately());
  world.clock.at -= 2 * HOUR;
  await until(async () => (await jumps(world)).length === 2);
  await clock.stop();
  assert.deepEqual(await jumps(world), [2 * HOUR, -2 * HOUR]);
  assert.equal(world.log.filter((line) => line.includes('the clock of this machine jumped')).length, 2);
});

test('two workers write one event of the same jump', async (t) => {
  const { world, watch } = await openStory(t);
  const [one, other] = [await watch(), await watch()];
  world.clock.at += 2 * HOUR;
  await until(() => one.jumpedLately() && other.jumpedLately());
  await one.stop();
  await other.stop();
  assert.deepEqual(await jumps(world), [2 * HOUR]);
});

async function jumps(world: World): Promise<unknown[]> {
  const events = await world.events();
  return events.filter(({ action }) => action === 'server.clock_jumped').map(({ detail }) => detail.seconds);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    assert(tries < 1_000, `never: ${isSo}`);
    await wait(50);
  }
}
