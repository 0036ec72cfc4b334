import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { takeFileLock } from '#store/engine/file-lock.ts';
import { assertRefused } from '../cli/command-line.ts';
import { enroll, fill, openKeyWorld, signIn } from './key-world.ts';

const START_FILE = join(import.meta.dirname, '../../bin/sallyport.mjs');

test('a rotation beside sign-ins refuses nobody, and leaves nothing on the old key but what it says', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const people = await fill(server, { people: 60, mails: 1_500 });
  const { codes } = await enroll(server, 'new@acme.example');
  assert.deepEqual(world.ringIds(), ['k1']);

  let isRotating = true;
  const rotating = world.beside(['keys', 'rotate', '--json']).finally(() => {
    isRotating = false;
  });
  const statuses: number[] = [];
  for (let n = 0; n < people.length; n += 2) {
    const pair = people.slice(n, n + 2).map((person) => signIn(server, person));
    statuses.push(...(await Promise.all(pair)).map(({ status }) => status));
    if (isRotating) await wait(40);
  }
  const said = await rotating;
  assert.equal(said.code, 0, said.err);
  assert.deepEqual([...new Set(statuses)], [200]);

  assert.deepEqual(world.ringIds(), ['k2', 'k1']);
  assert.equal(statSync(join(world.folder, 'keys')).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(world.folder).filter((name) => /^keys\.[0-9a-f]+$/.test(name)),
    [],
    'no draft is left',
  );
  assert.deepEqual(await world.traces('k1'), { recovery_codes: 10 });
  assert.equal(JSON.parse(said.out).broken, 0);
  assert.equal(server.env.keys.activeKeyId, 'k2', 'the running server took it up');

  // The codes that only the old key can find still work, so the key is still needed.
  const byCode = await signIn(server, { email: 'new@acme.example', secret: '' }, codes[0], 'recovery-code');
  assert.equal(byCode.status, 200, JSON.stringify(byCode.body));
  const kept = await world.command(['keys', 'retire', 'k1']);
  assertRefused(kept, 1, /1 person holds 9 recovery codes that only k1 finds.*--void-recovery-codes/);
  const status = await world.command(['keys', 'status']);
  assert.match(status.out, /k2 +active.*k1 +older +9 rows.*only k1 finds/s);
});

test('a retired key is gone from the ring, and everything opens without it, the audit log too', async (t) => {
  const world = openKeyWorld(t);
  const first = await world.serve('one:1');
  const [ana] = await fill(first, { people: 1, mails: 0 });
  assert(ana);
  const { codes } = await enroll(first, 'new@acme.example');
  assert.equal((await world.command(['keys', 'rotate'])).code, 0);
  const before = world.ring();
  const said = await world.command(['keys', 'retire', 'k1', '--void-recovery-codes']);
  assert.equal(said.code, 0, said.err);
  // Older backups need it, so it is preserved outside of the ring.
  const kept = join(world.folder, 'keys.retired-k1');
  assert.equal(before, `${world.ring()},${readFileSync(kept, 'utf8').trim()}`);
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  assert.match(said.out, /Recovery codes voided: 10/);
  assert.deepEqual(world.ringIds(), ['k2']);
  await first.stop();
  const second = await world.serve('one:2');
  assert.equal((await signIn(second, ana)).status, 200);
  const byCode = await signIn(second, { email: 'new@acme.example', secret: '' }, codes[0], 'recovery-code');
  assert.equal(byCode.status, 422);
  const verified = await world.command(['audit', 'verify', '--json']);
  assert.equal(JSON.parse(verified.out).intact, true, verified.out);
  // A name is never used twice, and a retired key never seals again.
  assert.equal((await world.command(['keys', 'rotate'])).code, 0);
  assert.deepEqual(world.ringIds(), ['k3', 'k2']);
});

test('a rotation killed at any moment goes on where it was, with one new key', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const people = await fill(server, { people: 4, mails: 6_000 });
  for (const [round, person] of people.entries()) {
    const child = spawn(process.execPath, [START_FILE, 'keys', 'rotate'], {
      env: { PATH: process.env.PATH ?? '', ...world.environment },
    });
    const ended = once(child, 'close');
    // The last round dies while rows are resealed, the others at any point.
    if (round < 3) await Promise.race([ended, wait(400 + round * 250)]);
    else while (child.exitCode === null && ((await world.traces('k2')).outbox ?? 0) === 0) await wait(5);
    child.kill('SIGKILL');
    await ended;
    assert(!('problem' in loadKeyRing(world.ring())), 'the ring is whole');
    assert.equal((await signIn(server, person)).status, 200, `after kill ${round}`);
  }
  const [left, done] = [await world.traces('k1'), await world.traces('k2')];
  t.diagnostic(`left by the kill: ${JSON.stringify(left)} on k1, ${JSON.stringify(done)} on k2`);
  const said = await world.command(['keys', 'rotate']);
  assert.equal(said.code, 0, said.err);
  assert.deepEqual(await world.traces('k1'), {});
  assert.deepEqual(world.ringIds(), ['k2', 'k1']);
});

test('of two rotations at once one waits outside, and none makes a key that the other loses', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 2, mails: 1_000 });
  const lock = takeFileLock(join(world.folder, 'keys.lock'));
  assertRefused(await world.command(['keys', 'rotate']), 1, /another command is changing the keys/);
  lock?.release();
  const both = await Promise.all([world.beside(['keys', 'rotate']), world.beside(['keys', 'rotate'])]);
  assert(
    both.some(({ code }) => code === 0),
    both.map(({ err }) => err).join(),
  );
  const [active, ...older] = world.ringIds();
  assert.equal(active, `k${older.length + 1}`);
  for (const keyId of older) assert.deepEqual(await world.traces(keyId), {});
});

test('a wrong ring rotates nothing', async (t) => {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 1, mails: 0 });
  const other = makeKeyText(randomBytes);
  assertRefused(await world.command(['keys', 'rotate'], other), 1, /the key k1 of the ring is not the key k1/);
  assertRefused(await world.command(['keys', 'rotate'], other.replace('k1', 'k9')), 1, /lacks the key k1/);
  chmodSync(join(world.folder, 'keys'), 0o644);
  assertRefused(await world.command(['keys', 'rotate']), 1, /may be read by others/);
  assert.deepEqual(world.ringIds(), ['k1']);
});
