import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { makeKeyText } from '#crypto/key-ring.ts';
import type { Env } from '#env.ts';
import { type Job, type Round, runJob, startJobs } from '#flows/runtime/jobs.ts';
import { claimJob, releaseJob, renewJob } from '#store/queue/jobs.ts';
import { openWorld } from '../../world.ts';

/** Two processes over one file, as far as the database can tell. */
async function openTwo(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  const database = { path: join(folder, 'test.db'), keyText: makeKeyText(randomBytes) };
  const one = await openWorld(t, { database });
  const other = await openWorld(t, { database });
  t.after(() => rmSync(folder, { recursive: true }));
  return { one, other };
}

function jobOf(run: Job['run'] = async () => {}, more: Partial<Job> = {}): Job {
  return { name: 'test', everySeconds: 60, run, ...more };
}

async function leaseUntil({ db }: Pick<Env, 'db'>): Promise<number | undefined> {
  return (await db.read.selectFrom('jobs').select('lease_until').executeTakeFirst())?.lease_until;
}

test('of many who ask for a job at once, in two processes, one runs it', async (t) => {
  const { one, other } = await openTwo(t);
  let runs = 0;
  const job = jobOf(async () => void runs++);
  for (let round = 1; round <= 5; round++) {
    const asked = [one, other, one, other, one, other];
    const ran = await Promise.all(asked.map(({ env }) => runJob(env, job)));
    assert.equal(ran.filter(Boolean).length, 1);
    assert.equal(runs, round);
    for (const { clock } of [one, other]) clock.at += 60;
  }
});

test('no job runs twice at a time, however often it is asked for meanwhile', async (t) => {
  const { one, other } = await openTwo(t);
  let atOnce = 0;
  const end = Promise.withResolvers<void>();
  const job = jobOf(
    async () => {
      if (++atOnce === 1) await end.promise;
    },
    { everySeconds: 1 },
  );
  const first = runJob(one.env, job);
  while (atOnce === 0) await new Promise(setImmediate);
  for (const { clock } of [one, other]) clock.at += 10;
  assert.deepEqual(await Promise.all([runJob(other.env, job), runJob(one.env, job), runJob(other.env, job)]), [
    false,
    false,
    false,
  ]);
  end.resolve();
  assert.equal(await first, true);
  assert.equal(atOnce, 1);
});

test('a job runs as often as it says, no matter which process ran it before', async (t) => {
  const { one, other } = await openTwo(t);
  const job = jobOf();
  const at = (seconds: number) => {
    for (const { clock } of [one, other]) clock.at += seconds;
  };
  assert.equal(await runJob(one.env, job), true);
  at(30);
  assert.equal(await runJob(other.env, job), false);
  at(29);
  assert.equal(await runJob(other.env, job), true);
  at(30);
  assert.equal(await runJob(one.env, job), false);
});

test('a run that died in the middle keeps the job until its lease is over, and no longer', async (t) => {
  const { env, clock } = await openWorld(t);
  const claim = { name: 'test', holder: 'died', now: clock.at, leaseSeconds: 15, everySeconds: 0 };
  assert.equal(await env.db.transaction((tx) => claimJob(tx, claim)), true);
  const job = jobOf(undefined, { everySeconds: 1 });
  clock.at += 14;
  assert.equal(await runJob(env, job), false);
  clock.at += 1;
  assert.equal(await runJob(env, job), true);
});

test('a lease is prolonged and handed back by its holder alone', async (t) => {
  const { env, clock } = await openWorld(t);
  const claim = { name: 'test', holder: 'a', now: clock.at, leaseSeconds: 15, everySeconds: 0 };
  await env.db.transaction((tx) => claimJob(tx, claim));
  const renew = (holder: string) =>
    env.db.transaction((tx) => renewJob(tx, { name: 'test', holder, leaseUntil: clock.at + 30 }));
  assert.deepEqual([await renew('b'), await renew('a')], [false, true]);
  await env.db.transaction((tx) => releaseJob(tx, { name: 'test', holder: 'b', now: clock.at }));
  clock.at += 29;
  const next = { ...claim, holder: 'b', now: clock.at };
  assert.equal(await env.db.transaction((tx) => claimJob(tx, next)), false);
  await env.db.transaction((tx) => releaseJob(tx, { name: 'test', holder: 'a', now: clock.at }));
  assert.equal(await env.db.transaction((tx) => claimJob(tx, next)), true);
});

test('a round is told to stop when another process has taken its job over', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { env, clock } = await openWorld(t);
  let seen: Round | undefined;
  const end = Promise.withResolvers<void>();
  const running = runJob(
    env,
    jobOf(async (round) => {
      seen = round;
      await end.promise;
    }),
  );
  while (seen === undefined) await new Promise(setImmediate);
  clock.at += 10;
  t.mock.timers.tick(5_000);
  const prolonged = clock.at + 15;
  while ((await leaseUntil(env)) !== prolonged) await wait(5);
  assert.equal(seen.isStopping(), false);
  clock.at += 14;
  const other = { name: 'test', holder: 'other', now: clock.at, leaseSeconds: 15, everySeconds: 0 };
  assert.equal(await env.db.transaction((tx) => claimJob(tx, other)), false, 'the lease was prolonged');
  clock.at += 60;
  assert.equal(await env.db.transaction((tx) => claimJob(tx, { ...other, now: clock.at })), true);
  t.mock.timers.tick(5_000);
  while (!seen.isStopping()) await wait(5);
  end.resolve();
  await running;
  const row = await env.db.read.selectFrom('jobs').select('holder').executeTakeFirst();
  assert.equal(row?.holder, 'other', 'the old holder hands back nothing that it has lost');
});

test('a round that fails is logged, hands the job back and is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { env, clock, log } = await openWorld(t);
  let runs = 0;
  const job = jobOf(async () => {
    runs++;
    throw new Error('the first round fails');
  });
  const jobs = startJobs(env, [job]);
  for (const round of [1, 2]) {
    t.mock.timers.tick(60_000);
    while (runs < round) await new Promise(setImmediate);
    while ((await leaseUntil(env)) !== 0) await wait(5);
    clock.at += 60;
    await wait(5);
  }
  await jobs.stop();
  assert.equal(log.filter((line) => line.includes('a job failed; trying again')).length, 2);
});

test('stopping lets the round under way finish its piece and begins no other', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { env, clock } = await openWorld(t);
  const pieces: string[] = [];
  const end = Promise.withResolvers<void>();
  let closed = false;
  const job = jobOf(
    async ({ isStopping }) => {
      for (const piece of ['first', 'second']) {
        if (isStopping()) return;
        pieces.push(piece);
        await end.promise;
      }
    },
    {
      close() {
        closed = true;
      },
    },
  );
  const jobs = startJobs(env, [job]);
  t.mock.timers.tick(60_000);
  while (pieces.length === 0) await new Promise(setImmediate);
  const stopped = jobs.stop();
  end.resolve();
  await stopped;
  clock.at += 60;
  t.mock.timers.tick(60_000);
  await new Promise(setImmediate);
  assert.deepEqual(pieces, ['first']);
  assert.equal(closed, true);
  assert.equal((await env.db.read.selectFrom('jobs').select('holder').executeTakeFirst())?.holder, null);
});

test('where there is nothing to do no lease is written', async (t) => {
  const { env } = await openWorld(t);
  assert.equal(await runJob(env, jobOf(undefined, { isDue: async () => false })), false);
  assert.equal(await env.db.read.selectFrom('jobs').selectAll().executeTakeFirst(), undefined);
});
