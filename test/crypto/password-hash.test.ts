import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isRefusal, type Refusal } from '#core/result.ts';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';

const BUSY: Refusal = { refused: 'temporarily_unavailable', retryAfterSeconds: 2 };

/** A hash that takes as long as the test says, and remembers who ran and how many at once. */
function slowHash(takesMs: number) {
  const seen = { order: [] as string[], running: 0, most: 0, verified: [] as string[] };
  async function work(text: string): Promise<string> {
    seen.order.push(text);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await pause(takesMs);
    seen.running -= 1;
    return `hash of ${text}`;
  }
  const argon2: Argon2 = {
    hash: work,
    verify: async (phc, password) => {
      seen.verified.push(phc);
      return (await work(password)) !== '';
    },
  };
  return { seen, argon2 };
}

async function textOf(answer: Promise<string | Refusal>): Promise<string> {
  const text = await answer;
  return isRefusal(text) ? assert.fail(text.refused) : text;
}

test('a password is verified by its hash, another is not', async () => {
  const hasher = createHasher();
  const phc = await textOf(hasher.hash('correct horse'));
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await hasher.verify(phc, 'correct horse'), true);
  assert.equal(await hasher.verify(phc, 'correct horsE'), false);
  assert.notEqual(phc, await textOf(hasher.hash('correct horse')));
});

test('without a hash the same work is done, and the answer is no whatever the work says', async () => {
  const { seen, argon2 } = slowHash(1);
  const hasher = createHasher({ argon2 });
  assert.equal(await hasher.verify(undefined, 'a password'), false);
  assert.equal(await hasher.verify('stored', 'a password'), true);
  assert.equal(seen.order.length, 2);
  assert.equal(createHasher().needsRehash(seen.verified[0] ?? ''), false);
});

test('the dummy costs the processor what a real hash costs', async () => {
  const hasher = createHasher({ concurrency: 1 });
  const phc = await textOf(hasher.hash('x'));
  // Processor time, not the clock's: other work on the machine does not count.
  const cost = async (stored: string | undefined) => {
    const before = process.cpuUsage();
    for (let i = 0; i < 5; i++) await hasher.verify(stored, 'y');
    return process.cpuUsage(before).user;
  };
  await cost(phc);
  const ratio = (await cost(undefined)) / (await cost(phc));
  // A dummy that is not hashed at all has a ratio near zero.
  assert.ok(ratio > 0.5 && ratio < 2, `ratio ${ratio}`);
});

test('a hash with other parameters needs a new one', () => {
  const { needsRehash } = createHasher();
  const salt = 'A'.repeat(22);
  const tag = 'A'.repeat(43);
  assert.equal(needsRehash(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${tag}`), false);
  for (const other of [
    `$argon2id$v=19$m=19455,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=65536,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=19456,t=3,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=19456,t=2,p=2$${salt}$${tag}`,
    `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(11)}$${tag}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${'A'.repeat(22)}`,
  ]) {
    assert.equal(needsRehash(other), true, other);
  }
});

test('what is not a PHC string throws, and the place in the queue is free again', async () => {
  const hasher = createHasher({ concurrency: 1 });
  assert.throws(() => hasher.needsRehash('plain'));
  await assert.rejects(hasher.verify('plain', 'x'));
  await assert.rejects(hasher.verify('', 'x'));
  assert.match(await textOf(hasher.hash('x')), /^\$argon2id/);
});

test('jobs run first come, first served, never more at once than allowed', async () => {
  const { seen, argon2 } = slowHash(3);
  const hasher = createHasher({ argon2, concurrency: 2 });
  const names = Array.from({ length: 12 }, (_, index) => `job ${index}`);
  const done = Promise.all(names.map((name) => hasher.hash(name)));
  assert.equal(hasher.queueDepth(), 10);
  assert.deepEqual(
    await done,
    names.map((name) => `hash of ${name}`),
  );
  assert.deepEqual(seen.order, names);
  assert.equal(seen.most, 2);
  assert.equal(hasher.queueDepth(), 0);
});

test('ten codes are one job: they keep one place and are hashed in order', async () => {
  const { seen, argon2 } = slowHash(2);
  const hasher = createHasher({ argon2, concurrency: 1 });
  const codes = Array.from({ length: 10 }, (_, index) => `code ${index}`);
  const [hashes] = await Promise.all([hasher.hashCodes(codes), hasher.hash('after')]);
  assert.deepEqual(
    hashes,
    codes.map((code) => `hash of ${code}`),
  );
  assert.deepEqual(seen.order, [...codes, 'after']);
  assert.equal(seen.most, 1);
});

test('a job that has waited for two seconds is refused without being hashed', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const hashed: string[] = [];
  const finish: (() => void)[] = [];
  const argon2: Argon2 = {
    hash: (text) => {
      hashed.push(text);
      return new Promise((resolve) => finish.push(() => resolve(text)));
    },
    verify: async () => true,
  };
  const hasher = createHasher({ argon2, concurrency: 1 });
  const first = hasher.hash('first');
  const second = hasher.hash('second');
  context.mock.timers.tick(1999);
  const third = hasher.hash('third');
  assert.equal(hasher.queueDepth(), 2);
  context.mock.timers.tick(1);
  assert.deepEqual(await second, BUSY);
  finish[0]?.();
  assert.equal(await first, 'first');
  await new Promise(setImmediate);
  finish[1]?.();
  assert.equal(await third, 'third');
  assert.deepEqual(hashed, ['first', 'third']);
});

test('a flood is refused at once, and those before it keep their turn', async () => {
  const { seen, argon2 } = slowHash(1);
  let ms = 0;
  // Each hash seems to take one second, so two jobs fill two seconds.
  const hasher = createHasher({ argon2, concurrency: 1, nowMs: () => (ms += 1000) });
  for (let i = 0; i < 60; i++) await hasher.hash('warm');
  seen.order.length = 0;
  const answers = Array.from({ length: 500 }, (_, index) => hasher.hash(`job ${index}`));
  assert.ok(hasher.queueDepth() <= 2, `${hasher.queueDepth()} wait`);
  assert.deepEqual(await answers[499], BUSY);
  assert.equal(seen.order.length, 1, 'the refusal waited for a hash');
  const kept = (await Promise.all(answers)).filter((answer) => !isRefusal(answer));
  assert.equal(kept.length, seen.order.length);
  assert.equal(await hasher.hash('later'), 'hash of later');
});

test('verifying and making codes are refused like hashing', async () => {
  const { argon2 } = slowHash(5);
  const hasher = createHasher({ argon2, concurrency: 1, queueSeconds: 0.001 });
  const first = hasher.hash('first');
  assert.equal(isRefusal(await hasher.verify('stored', 'x')), true);
  assert.equal(isRefusal(await hasher.verify(undefined, 'x')), true);
  assert.equal(isRefusal(await hasher.hashCodes(['x'])), true);
  assert.equal(await first, 'hash of first');
});
