import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { assertRefused } from '../cli/command-line.ts';
import { KIND, newPostgresUrl } from '../databases/open.ts';
import { codeOf } from '../world.ts';
import { enroll, fill, openKeyWorld, signIn } from './key-world.ts';

test('a ring from the environment is rotated in three steps, none of which comes too early', async (t) => {
  const world = openKeyWorld(t, KIND === 'postgres' ? await newPostgresUrl() : undefined);
  const k1 = makeKeyText(randomBytes);
  let one = await world.serve('one:1', k1);
  let two = await world.serve('two:1', k1);
  const [early, late, ...people] = await fill(one, { people: 22, mails: 500 });
  assert(early && late);

  const added = JSON.parse((await world.command(['keys', 'rotate', '--json'], k1)).out);
  assert.equal(added.step, 'add');
  assert.match(added.entry, /^k2:[\w+/]{43}=$/);
  const grown = `${k1},${added.entry}`;
  const turned = `${added.entry},${k1}`;

  // One server has it, the other has not: neither the command nor a start may use it.
  await one.stop();
  one = await world.serve('one:2', grown);
  assertRefused(await world.command(['keys', 'rotate'], grown), 1, /the server two:1 does not hold the key k2/);
  await assert.rejects(world.serve('one:3', turned), /the server two:1 does not hold the key k2/);
  assertRefused(await world.command(['user', 'list'], turned), 1, /the server two:1 does not hold the key k2/);
  await two.stop();
  two = await world.serve('two:2', grown);
  const activate = JSON.parse((await world.command(['keys', 'rotate', '--json'], grown)).out);
  assert.deepEqual([activate.step, activate.order], ['activate', ['k2', 'k1']]);
  assert.deepEqual(await statusesOf([signIn(one, early), signIn(two, late)]), [200, 200]);
  // From here on nothing starts without it.
  await assert.rejects(world.serve('three:1', k1), /lacks the key k2/);

  // A rolling restart: what one server seals with the new key opens on the one that has not been restarted.
  await one.stop();
  one = await world.serve('one:4', turned);
  const { secret } = await enroll(one, 'new@acme.example');
  assert.notDeepEqual(await world.traces('k2'), {});
  const newer = { email: 'new@acme.example', secret };
  assert.equal((await signIn(two, newer, codeOf(secret, Date.now() / 1000 + 30))).status, 200);
  assertRefused(await world.command(['keys', 'rotate'], turned), 1, /the server two:2 still seals with k1/);
  assertRefused(await world.command(['keys', 'retire', 'k1'], turned), 1, /the server two:2 still seals with k1/);
  await two.stop();
  two = await world.serve('two:3', turned);
  // Both serve while every row is resealed.
  let isRotating = true;
  const rotating = world.beside(['keys', 'rotate', '--json'], turned).finally(() => {
    isRotating = false;
  });
  const opened: number[] = [];
  for (let n = 0; n < people.length - 4; n += 2) {
    opened.push(...(await statusesOf(people.slice(n, n + 2).map((person, at) => signIn(at ? one : two, person)))));
    if (isRotating) await wait(40);
  }
  assert.deepEqual([...new Set(opened)], [200]);
  const done = JSON.parse((await rotating).out);
  assert.deepEqual([done.step, done.broken], ['reseal', 0]);
  // Recovery codes cannot be resealed; the ten of the newcomer were made with the new key.
  assert.deepEqual(await world.traces('k1'), {});
  const said = await world.command(['keys', 'retire', 'k1'], turned);
  assert.match(said.out, /Take it out of SALLYPORT_KEYS/);
  await Promise.all([one.stop(), two.stop()]);
  const last = await world.serve('one:5', added.entry);
  for (const person of people.slice(-4)) assert.equal((await signIn(last, person)).status, 200);
  assert.equal(JSON.parse((await world.command(['audit', 'verify', '--json'], added.entry)).out).intact, true);
  // A key that was retired seals nothing again.
  assertRefused(await world.command(['user', 'list'], turned.split(',').reverse().join(',')), 1, /k1 was retired/);
});

test('a server that starts while a key is announced is refused by one of the two', async (t) => {
  const world = openKeyWorld(t, KIND === 'postgres' ? await newPostgresUrl() : undefined);
  const k1 = makeKeyText(randomBytes);
  const k2 = makeKeyText(randomBytes).replace('k1', 'k2');
  await (await world.serve('one:1', k1)).stop();
  for (let round = 0; round < 5; round++) {
    const both = await Promise.allSettled([
      world.serve(`old:${round}`, k1),
      world.serve(`new:${round}`, `${k2},${k1}`),
    ]);
    const [old, turned] = both;
    assert(!(old.status === 'fulfilled' && turned.status === 'fulfilled'), 'both run');
    for (const one of both) if (one.status === 'fulfilled') await one.value.stop();
    if (turned.status === 'fulfilled') return;
  }
});

async function statusesOf(answers: readonly Promise<{ readonly status: number }>[]): Promise<number[]> {
  return (await Promise.all(answers)).map(({ status }) => status);
}
