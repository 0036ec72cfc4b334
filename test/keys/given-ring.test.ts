import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { assertRefused } from '../cli/command-line.ts';
import { KIND, newPostgresUrl } from '../databases/open.ts';
import { codeOf } from '../world.ts';
import { enroll, fill, openKeyWorld, type Served, signIn } from './key-world.ts';

test('a ring from the environment is rotated in three steps, none of which comes too early', async (t) => {
  const world = openKeyWorld(t, KIND === 'postgres' ? await newPostgresUrl() : undefined);
  const k1 = makeKeyText(randomBytes);
  const servers = { one: await world.serve('one:1', k1), two: await world.serve('two:1', k1) };
  const [early, late, ...people] = await fill(servers.one, { people: 22, mails: 500 });
  assert(early && late);

  const added = JSON.parse((await world.command(['keys', 'rotate', '--json'], k1)).out);
  assert.equal(added.step, 'add');
  assert.match(added.entry, /^k2:[\w+/]{43}=$/);
  const rings = { grown: `${k1},${added.entry}`, turned: `${added.entry},${k1}` };
  await addToBoth(world, servers, rings);
  assert.deepEqual(await statusesOf([signIn(servers.one, early), signIn(servers.two, late)]), [200, 200]);
  // From now on nothing starts without it.
  await assert.rejects(world.serve('three:1', k1), /lacks the key k2/);
  await turnBoth(world, servers, rings);
  await resealWhileServing(world, servers, rings, people.slice(0, -4));

  // Recovery codes cannot be resealed. The newcomer's ten were made with the new key.
  assert.deepEqual(await world.traces('k1'), {});
  const said = await world.command(['keys', 'retire', 'k1'], rings.turned);
  assert.match(said.out, /Take it out of SALLYPORT_KEYS/);
  await Promise.all([servers.one.stop(), servers.two.stop()]);
  const last = await world.serve('one:5', added.entry);
  for (const person of people.slice(-4)) assert.equal((await signIn(last, person)).status, 200);
  assert.equal(JSON.parse((await world.command(['audit', 'verify', '--json'], added.entry)).out).intact, true);
  // A retired key never seals again.
  assertRefused(await world.command(['user', 'list'], `${k1},${added.entry}`), 1, /k1 was retired/);
});

type World = ReturnType<typeof openKeyWorld>;
type Servers = { one: Served; two: Served };
type Rings = { readonly grown: string; readonly turned: string };

/** While only one server has the new key, neither the command nor a start may use it. */
async function addToBoth(world: World, servers: Servers, { grown, turned }: Rings): Promise<void> {
  await servers.one.stop();
  servers.one = await world.serve('one:2', grown);
  assertRefused(await world.command(['keys', 'rotate'], grown), 1, /the server two:1 does not hold the key k2/);
  await assert.rejects(world.serve('one:3', turned), /the server two:1 does not hold the key k2/);
  assertRefused(await world.command(['user', 'list'], turned), 1, /the server two:1 does not hold the key k2/);
  await servers.two.stop();
  servers.two = await world.serve('two:2', grown);
  const activate = JSON.parse((await world.command(['keys', 'rotate', '--json'], grown)).out);
  assert.deepEqual([activate.step, activate.order], ['activate', ['k2', 'k1']]);
}

/** A rolling restart: the server that is not restarted yet can open what the other seals with the new key. */
async function turnBoth(world: World, servers: Servers, { turned }: Rings): Promise<void> {
  await servers.one.stop();
  servers.one = await world.serve('one:4', turned);
  const { secret } = await enroll(servers.one, 'new@acme.example');
  assert.notDeepEqual(await world.traces('k2'), {});
  const newer = { email: 'new@acme.example', secret };
  assert.equal((await signIn(servers.two, newer, codeOf(secret, Date.now() / 1000 + 30))).status, 200);
  assertRefused(await world.command(['keys', 'rotate'], turned), 1, /the server two:2 still seals with k1/);
  assertRefused(await world.command(['keys', 'retire', 'k1'], turned), 1, /the server two:2 still seals with k1/);
  await servers.two.stop();
  servers.two = await world.serve('two:3', turned);
}

/** Both serve while every row is resealed. */
async function resealWhileServing(
  world: World,
  { one, two }: Servers,
  { turned }: Rings,
  people: Awaited<ReturnType<typeof fill>>,
): Promise<void> {
  let isRotating = true;
  const rotating = world.beside(['keys', 'rotate', '--json'], turned).finally(() => {
    isRotating = false;
  });
  const opened: number[] = [];
  for (let n = 0; n < people.length; n += 2) {
    opened.push(...(await statusesOf(people.slice(n, n + 2).map((person, at) => signIn(at ? one : two, person)))));
    if (isRotating) await wait(40);
  }
  assert.deepEqual([...new Set(opened)], [200]);
  const done = JSON.parse((await rotating).out);
  assert.deepEqual([done.step, done.broken], ['reseal', 0]);
}

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
