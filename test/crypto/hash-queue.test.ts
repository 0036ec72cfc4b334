import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { type Asker, createHashQueue, type HashQueue, type QueueOptions } from '#crypto/hash-queue.ts';

/** A queue whose jobs end when the test decides. Each hash appears to take 100 ms. */
function openQueue(options: Partial<QueueOptions> = {}) {
  const clock = { ms: 0 };
  const defaults = { concurrency: 1, queueSeconds: 10, jobsPerHash: 1, jobsPerAddress: 6, nowMs: () => clock.ms };
  const queue = createHashQueue({ ...defaults, ...options });
  const began: string[] = [];
  const ends: (() => void)[] = [];

  const ask = (name: string, asker: Asker = {}, units = 1) =>
    queue.run(asker, units, (onCore) =>
      onCore({
        hashes: 1,
        units,
        work: () => {
          began.push(name);
          return new Promise<string>((resolve) =>
            ends.push(() => {
              clock.ms += 100;
              resolve(name);
            }),
          );
        },
      }),
    );

  /** Ends the running job, so that the next one begins. */
  async function endOne(): Promise<void> {
    ends.shift()?.();
    await settled();
  }

  async function endAll(): Promise<void> {
    while (ends.length > 0) await endOne();
  }

  /** Enough hashes for the queue to learn their duration. */
  async function warm(): Promise<void> {
    for (let index = 0; index < 60; index++) {
      const job = ask('warm');
      await settled();
      await endAll();
      await job;
    }
    began.length = 0;
  }

  return { queue, ask, began, endOne, endAll, warm };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const at = (address: string): Asker => ({ address });
const inside = (of: string, address = of): Asker => ({ address, share: of, isInside: true });

test('one address is served first come, first served', async () => {
  const { ask, began, endAll, queue } = openQueue();
  const names = Array.from({ length: 12 }, (_, index) => `job ${index}`);
  const done = Promise.all(names.map((name) => ask(name, at('office'))));
  assert.equal(queue.depth(), 11);
  await settled();
  await endAll();
  assert.deepEqual(await done, names);
  assert.deepEqual(began, names);
  assert.equal(queue.depth(), 0);
});

test('addresses take turns: a flood costs the others one place', async () => {
  const { ask, began, endAll } = openQueue();
  const flood = Array.from({ length: 50 }, (_, index) => ask(`flood ${index}`, at('flood')));
  const people = ['ana', 'ben', 'eve'].map((name) => ask(name, at(name)));
  await settled();
  await endAll();
  await Promise.all([...flood, ...people]);
  assert.deepEqual(began.slice(0, 5), ['flood 0', 'flood 1', 'ana', 'ben', 'eve']);
});

test('people inside a flow go before those who arrive', async () => {
  const { ask, began, endAll } = openQueue();
  const jobs = [ask('at work', at('a'))];
  for (let index = 0; index < 20; index++) jobs.push(ask(`arrives ${index}`, at(`address ${index}`)));
  jobs.push(ask('ana', inside('ana')), ask('ben', inside('ben')));
  await settled();
  await endAll();
  await Promise.all(jobs);
  assert.deepEqual(began.slice(0, 4), ['at work', 'ana', 'ben', 'arrives 0']);
});

test('nobody keeps the others out by going first again and again', async () => {
  const { ask, began, endOne, endAll } = openQueue();
  const jobs: Promise<unknown>[] = [ask('at work', at('a'))];
  for (let index = 0; index < 20; index++) jobs.push(ask(`arrives ${index}`, at(`address ${index}`)));
  await settled();
  for (let turn = 0; turn < 10; turn++) {
    jobs.push(ask('mallory', inside('mallory')));
    await endOne();
  }
  await endAll();
  await Promise.all(jobs);
  const order = began.map((name) => name.replace(/ \d+$/, ''));
  assert.deepEqual(order.slice(0, 6), ['at work', 'mallory', 'arrives', 'mallory', 'arrives', 'mallory']);
  assert.ok(began.indexOf('arrives 10') < 18, String(began));
});

test('a person or a link has one job in the queue, and the others wait for it', async () => {
  const { ask, began, endAll, queue } = openQueue({ concurrency: 4 });
  const held = Array.from({ length: 30 }, (_, index) => ask(`held ${index}`, inside('mallory', `address ${index}`)));
  await settled();
  assert.deepEqual([began, queue.depth()], [['held 0'], 0]);
  const ana = ask('ana', at('ana'));
  await settled();
  assert.deepEqual(began, ['held 0', 'ana']);
  await endAll();
  await Promise.all([...held, ana]);
  assert.equal(began.length, 31);
});

test('more than a hundred that wait for one person or link are refused', async () => {
  const { ask, endAll } = openQueue();
  const held = Array.from({ length: 200 }, () => ask('held', inside('mallory')));
  const refused = await Promise.all(held.slice(101));
  for (const answer of refused) {
    assert.deepEqual(answer, { refused: 'temporarily_unavailable', reason: 'at_work', retryAfterSeconds: 1 });
  }
  await endAll();
  assert.equal((await Promise.all(held.slice(0, 101))).filter(isRefusal).length, 0);
});

test('a job that has waited for ten seconds is refused without being begun', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { ask, began, queue } = openQueue();
  void ask('first');
  const second = ask('second');
  context.mock.timers.tick(9_999);
  assert.equal(queue.depth(), 1);
  context.mock.timers.tick(1);
  assert.equal(isRefusal(await second), true);
  assert.equal(queue.depth(), 0);
  assert.deepEqual(began, ['first']);
});

test('nobody is refused below ten seconds, and beyond them the address that asks most is', async () => {
  const { ask, warm, endAll, queue } = openQueue();
  await warm();
  // At 100 ms each, a hundred jobs take ten seconds.
  const flood = Array.from({ length: 60 }, (_, index) => ask(`flood ${index}`, at('flood')));
  const people = Array.from({ length: 39 }, (_, index) => ask(`person ${index}`, at(`address ${index}`)));
  assert.equal(queue.depth(), 98);
  const later = Array.from({ length: 20 }, (_, index) => ask(`later ${index}`, at(`later ${index}`)));
  const more = Array.from({ length: 500 }, (_, index) => ask(`more ${index}`, at('flood')));
  assert.ok(queue.depth() <= 100, `${queue.depth()} wait`);
  await settled();
  await endAll();
  const refused = async (jobs: readonly Promise<unknown>[]) => (await Promise.all(jobs)).filter(isRefusal);
  assert.deepEqual([await refused(people), await refused(later)], [[], []]);
  assert.ok((await refused(flood)).length >= 18, 'the newest of the flood made room');
  assert.equal((await refused(more)).length, 500);
  for (const { retryAfterSeconds } of await refused(more)) assert.equal(retryAfterSeconds, 10);
});

test('where everybody asks once, the last to come are refused', async () => {
  const { ask, warm, endAll } = openQueue();
  await warm();
  const people = Array.from({ length: 130 }, (_, index) => ask(`person ${index}`, at(`address ${index}`)));
  await settled();
  await endAll();
  const refused = (await Promise.all(people)).map(isRefusal);
  assert.equal(refused.indexOf(true), 100);
  assert.equal(refused.lastIndexOf(false), 99);
});

test('somebody inside a flow takes the place of one who arrives when the queue is full', async () => {
  const { ask, warm, endAll } = openQueue();
  await warm();
  const people = Array.from({ length: 100 }, (_, index) => ask(`person ${index}`, at(`address ${index}`)));
  const ana = ask('ana', inside('ana'));
  await settled();
  await endAll();
  assert.equal(await ana, 'ana');
  assert.equal((await Promise.all(people)).filter(isRefusal).length, 1);
});

test('ten codes are a fourth of a password: two hundred set-ups at once are no crowd', async () => {
  const { ask, warm, endAll } = openQueue();
  await warm();
  const setUps = Array.from({ length: 200 }, (_, index) => ask(`set-up ${index}`, inside(`person ${index}`), 0.25));
  await settled();
  await endAll();
  assert.equal((await Promise.all(setUps)).filter(isRefusal).length, 0);
});

test('who has left gets no hash', async () => {
  const { ask, began, endAll } = openQueue();
  const gone = { at: false };
  const jobs = [ask('first'), ask('left', { address: 'b', hasLeft: () => gone.at }), ask('third', at('c'))];
  gone.at = true;
  await settled();
  await endAll();
  await Promise.all(jobs);
  assert.deepEqual(began, ['first', 'third']);
});

test('one address never has more at work than its tries allow, and the others go on', async () => {
  const { ask, began, endAll } = openQueue({ concurrency: 4, jobsPerHash: 3, jobsPerAddress: 2 });
  let most = 0;
  let atWork = 0;
  const { queue } = openQueue({ concurrency: 4, jobsPerHash: 3, jobsPerAddress: 2 });
  const job = async () => {
    atWork += 1;
    most = Math.max(most, atWork);
    await settled();
    atWork -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => queue.run(at('office'), 1, job)));
  assert.equal(most, 2);
  const jobs = [...Array.from({ length: 5 }, () => ask('office', at('office'))), ask('ana', at('ana'))];
  await settled();
  assert.deepEqual(began, ['office', 'office', 'ana']);
  await endAll();
  await Promise.all(jobs);
});

test('hashes at once are as many as cores, however many jobs are at work', async () => {
  const { ask, began, endAll, queue } = openQueue({ concurrency: 2, jobsPerHash: 3 });
  const jobs = Array.from({ length: 10 }, (_, index) => ask(`job ${index}`, at(`address ${index}`)));
  assert.equal(queue.depth(), 4);
  await settled();
  assert.equal(began.length, 2);
  await endAll();
  await Promise.all(jobs);
});

test('what a job does after its hash keeps no place: a lock of the database holds up nobody else', async () => {
  const { queue } = openQueue();
  const lock = Promise.withResolvers<void>();
  const held = queue.run(at('a'), 1, async (onCore) => {
    await onCore({ hashes: 1, units: 1, work: async () => {} });
    await lock.promise;
  });
  assert.equal(await queue.run(at('b'), 1, async () => 'next'), 'next');
  lock.resolve();
  await held;
});

test('a job that throws frees its place', async () => {
  const queue: HashQueue = openQueue().queue;
  const broken = queue.run(at('a'), 1, (onCore) =>
    onCore({ hashes: 1, units: 1, work: () => Promise.reject(Error()) }),
  );
  await assert.rejects(broken);
  assert.equal(await queue.run(at('a'), 1, async () => 'next'), 'next');
});
