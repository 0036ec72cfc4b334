import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { type Argon2, createHasher, type PasswordHasher } from '#crypto/password-hash.ts';

const CODE = '0123456789ABCDEG';

/** A hash with a duration that the test sets. It records who ran and how many at once. */
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
    hashCode: work,
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

function verify(hasher: PasswordHasher, phc: string | undefined, password: string) {
  return hasher.inTurn({}, 'password', (hashing) => hashing.verify(phc, password));
}

function verifyCode(hasher: PasswordHasher, phc: string | undefined, code: string) {
  return hasher.inTurn({}, 'code', (hashing) => hashing.verifyCode(phc, code));
}

test('a password is verified by its hash, another is not', async () => {
  const hasher = createHasher();
  const phc = await textOf(hasher.hash('correct horse'));
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await verify(hasher, phc, 'correct horse'), true);
  assert.equal(await verify(hasher, phc, 'correct horsE'), false);
  assert.notEqual(phc, await textOf(hasher.hash('correct horse')));
});

test('without a hash the same work is done, and the answer is no whatever the work says', async () => {
  const { seen, argon2 } = slowHash(1);
  const hasher = createHasher({ argon2 });
  assert.equal(await verify(hasher, undefined, 'a password'), false);
  assert.equal(await verify(hasher, 'stored', 'a password'), true);
  assert.equal(seen.order.length, 2);
  assert.equal(createHasher().needsRehash(seen.verified[0] ?? ''), false);
});

test('the dummy costs the processor what a real hash costs', async () => {
  const hasher = createHasher({ concurrency: 1 });
  const phc = await textOf(hasher.hash('x'));
  // Processor time, so that other work on the machine does not count.
  const cost = async (stored: string | undefined) => {
    const before = process.cpuUsage();
    for (let i = 0; i < 5; i++) await verify(hasher, stored, 'y');
    return process.cpuUsage(before).user;
  };
  await cost(phc);
  const ratio = (await cost(undefined)) / (await cost(phc));
  // A dummy without a hash has a ratio near zero.
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

test('a recovery code is hashed at a cost of its own, with a salt of its own', async () => {
  const hasher = createHasher();
  const hashes = await hasher.inTurn({}, 'codes', (hashing) => hashing.hashCodes([CODE, CODE]));
  assert(!isRefusal(hashes));
  for (const phc of hashes) {
    assert.match(phc, /^\$argon2id\$v=19\$m=1024,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    assert.equal(await verifyCode(hasher, phc, CODE), true);
    assert.equal(await verifyCode(hasher, phc, CODE.replace('G', 'H')), false);
  }
  assert.notEqual(hashes[0], hashes[1]);
  assert.equal(await verifyCode(hasher, undefined, CODE), false);
});

test('a recovery code that an older version hashed like a password goes on working', async () => {
  const hasher = createHasher();
  const phc = await textOf(hasher.hash(CODE));
  assert.equal(await verifyCode(hasher, phc, CODE), true);
  assert.equal(await verifyCode(hasher, phc, CODE.replace('G', 'H')), false);
});

test('nothing fits what is made for nobody, and it looks like every other hash', async () => {
  const hasher = createHasher();
  const phc = hasher.unknown();
  assert.equal(hasher.needsRehash(phc), false);
  assert.notEqual(phc, hasher.unknown());
  for (const guess of ['', 'a password', phc]) assert.equal(await verify(hasher, phc, guess), false);
});

test('a password waits for ten seconds at most', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const never = new Promise<string>(() => {});
  const argon2: Argon2 = { hash: () => never, hashCode: () => never, verify: async () => true };
  const hasher = createHasher({ argon2, concurrency: 1, jobsPerHash: 1 });
  void hasher.hash('at work');
  let refused: unknown;
  void hasher.hash('waits').then((answer) => {
    refused = answer;
  });
  context.mock.timers.tick(9_999);
  await new Promise(setImmediate);
  assert.equal(refused, undefined);
  context.mock.timers.tick(1);
  await new Promise(setImmediate);
  assert.ok(isRefusal(refused));
});

test('workers of one machine share its cores, and what one address may have at work', async () => {
  const most = async (processes: number): Promise<number> => {
    const { seen, argon2 } = slowHash(3);
    const hasher = createHasher({ argon2, processes });
    await Promise.all(Array.from({ length: 40 }, (_, index) => hasher.hash(`job ${index}`)));
    return seen.most;
  };
  const cores = availableParallelism();
  assert.equal(await most(1), Math.min(cores, 6));
  assert.equal(await most(cores), 1);
  assert.equal(await most(cores + 5), 1);
});

test('what is not a PHC string throws, and the place in the queue is free again', async () => {
  const hasher = createHasher({ concurrency: 1 });
  assert.throws(() => hasher.needsRehash('plain'));
  await assert.rejects(verify(hasher, 'plain', 'x'));
  await assert.rejects(verify(hasher, '', 'x'));
  assert.match(await textOf(hasher.hash('x')), /^\$argon2id/);
});
