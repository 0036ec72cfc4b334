import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { openWorld } from '../world.ts';
import {
  beginSetUp,
  confirmSetUp,
  givePassword,
  openMorning,
  PLACES,
  peopleOf,
  slowHashes,
  tally,
} from './morning-story.ts';

describe('on the morning of a deadline', () => {
  for (const [where, addressOf] of PLACES) {
    test(`two hundred people confirm their set-up in the same second, ${where}, and all succeed`, async (t) => {
      const { world, people, hashes } = await openMorning(t);
      const emails = await (await people())(200);
      const setUps = [];
      for (const [index, email] of emails.entries()) setUps.push(await beginSetUp(world, email, addressOf(index)));
      hashes.isSlow = true;
      const answers = await Promise.all(setUps.map((setUp) => confirmSetUp(world, setUp)));
      assert.deepEqual(tally(answers), { 200: 200 });
      assert.ok(answers.every(({ body }) => Array.isArray(body.recoveryCodes) && body.recoveryCodes.length === 10));
    });

    test(`three hundred people give their password in the same second, ${where}, and all succeed`, async (t) => {
      const { world, people, hashes } = await openMorning(t);
      const emails = await (await people())(300);
      hashes.isSlow = true;
      const answers = await Promise.all(emails.map((email, index) => givePassword(world, email, addressOf(index))));
      assert.deepEqual(tally(answers), { 200: 300 });
    });
  }

  test('two nodes serve one office of three hundred, and all succeed', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-morning-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const database = { path: join(folder, 'test.db'), keyText: makeKeyText(randomBytes) };
    const hashes = slowHashes();
    const first = await openWorld(t, { database, hasher: hashes.hasher() });
    const second = await openWorld(t, { database, hasher: hashes.hasher(), clock: first.clock });
    const emails = await (await peopleOf(first))(300);
    hashes.state.isSlow = true;
    const nodes = [first, second];
    const answers = await Promise.all(
      emails.map((email, index) => givePassword(nodes[index % 2] ?? first, email, '203.0.113.5')),
    );
    assert.deepEqual(tally(answers), { 200: 300 });
  });

  test('somebody at the set-up is served before the passwords that came earlier', async (t) => {
    const { world, people, hashes } = await openMorning(t);
    const [ana = '', ...others] = await (await people())(101);
    const setUp = await beginSetUp(world, ana, '203.0.113.5');
    hashes.isSlow = true;
    const done: string[] = [];
    const passwords = others.map((email, index) =>
      givePassword(world, email, `198.51.100.${index}`).then((answer) => {
        done.push('password');
        return answer;
      }),
    );
    const confirmed = await confirmSetUp(world, setUp);
    done.push('set-up');
    assert.equal(confirmed.status, 200);
    assert.deepEqual(tally(await Promise.all(passwords)), { 200: 100 });
    assert.ok(done.indexOf('set-up') < 20, `after ${done.indexOf('set-up')} passwords`);
  });

  test('a recovery code at the second door is served before the passwords that came earlier', async (t) => {
    const { world, people, hashes } = await openMorning(t);
    const [ana = '', ...others] = await (await people())(101);
    const { body } = await confirmSetUp(world, await beginSetUp(world, ana, '203.0.113.5'));
    assert(Array.isArray(body.recoveryCodes));
    const [code] = body.recoveryCodes;
    const pending = await givePassword(world, ana, '203.0.113.5');
    hashes.isSlow = true;
    let served = 0;
    const passwords = others.map(async (email, index) => {
      const answer = await givePassword(world, email, `198.51.100.${index}`);
      served += 1;
      return answer;
    });
    const token = String(pending.body.pendingToken);
    const answer = await world.api('POST', '/api/v1/sign-in/recovery-code', { code }, token, '203.0.113.5');
    assert.equal(answer.status, 200);
    assert.ok(served < 20, `after ${served} passwords`);
    await Promise.all(passwords);
  });

  test('a flood from a few addresses turns nobody else away and costs each of them a few turns', async (t) => {
    const { world, people, hashes } = await openMorning(t);
    const emails = await (await people())(40);
    hashes.isSlow = true;
    const flood = Array.from({ length: 600 }, (_, index) =>
      givePassword(world, `guess${index}@company.example`, `203.0.113.${index % 3}`, 'a wrong guess'),
    );
    let floodServed = 0;
    for (const answer of flood) void answer.then(({ status }) => (floodServed += status === 401 ? 1 : 0));
    const servedBefore: number[] = [];
    const answers = await Promise.all(
      emails.map(async (email, index) => {
        const answer = await givePassword(world, email, `198.51.100.${index}`);
        servedBefore.push(floodServed);
        return answer;
      }),
    );
    assert.deepEqual(tally(answers), { 200: 40 });
    const floodTally = tally(await Promise.all(flood));
    assert.equal(floodTally[401], 60, 'twenty wrong passwords of each address were compared');
    assert.equal((floodTally[429] ?? 0) + (floodTally[503] ?? 0), 540);
    assert.ok(Math.max(...servedBefore) <= 30, `one person waited for ${Math.max(...servedBefore)} of the flood`);
  });
});
