import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { openWorld } from '../../world.ts';
import {
  addPeople,
  beginSetUp,
  confirmSetUp,
  givePassword,
  openMorning,
  PLACES,
  slowHashes,
  tally,
} from './morning-story.ts';

/** Two cores, with four running jobs each. */
const AT_WORK = 8;

describe('on the morning of a deadline', () => {
  for (const [where, addressOf] of PLACES) {
    test(`two hundred people confirm their set-up in the same second, ${where}, and all succeed`, async (t) => {
      const { world, people, hashes } = await openMorning(t);
      const emails = await people(200);
      const setUps = await Promise.all(emails.map((email, index) => beginSetUp(world, email, addressOf(index))));
      hashes.begin();
      const answers = await Promise.all(setUps.map((setUp) => confirmSetUp(world, setUp)));
      assert.deepEqual(tally(answers), { 200: 200 });
      assert.ok(answers.every(({ body }) => Array.isArray(body.recoveryCodes) && body.recoveryCodes.length === 10));
      assert.ok(!hashes.state.began.includes('password'), 'no code costs what a password costs');
    });

    test(`three hundred people give their password in the same second, ${where}, and all succeed`, async (t) => {
      const { world, people, hashes } = await openMorning(t);
      const emails = await people(300);
      hashes.begin();
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
    const emails = await addPeople(first, 300);
    hashes.begin();
    const answers = await Promise.all(
      emails.map((email, index) => givePassword(index % 2 === 0 ? first : second, email, '203.0.113.5')),
    );
    assert.deepEqual(tally(answers), { 200: 300 });
  });

  test('somebody at the set-up is served before the passwords that came earlier', async (t) => {
    const { world, people, hashes, queued } = await openMorning(t);
    const [ana = '', ...others] = await people(101);
    const setUp = await beginSetUp(world, ana, '203.0.113.5');
    const release = hashes.hold();
    const passwords = others.map((email, index) => givePassword(world, email, `198.51.100.${index}`));
    await queued(100 - AT_WORK);
    const confirmed = confirmSetUp(world, setUp);
    await queued(101 - AT_WORK);
    release();
    assert.equal((await confirmed).status, 200);
    assert.deepEqual(tally(await Promise.all(passwords)), { 200: 100 });
    const before = hashes.state.began.indexOf('code');
    // Counting the attempt takes time, in which some passwords run.
    assert.ok(before < 50, `after ${before} passwords`);
  });

  test('a recovery code at sign-in is served before the passwords that came earlier', async (t) => {
    const { world, people, hashes, queued } = await openMorning(t);
    const [ana = '', ...others] = await people(101);
    const { body } = await confirmSetUp(world, await beginSetUp(world, ana, '203.0.113.5'));
    assert(Array.isArray(body.recoveryCodes));
    const [code] = body.recoveryCodes;
    const token = String((await givePassword(world, ana, '203.0.113.5')).body.pendingToken);
    const release = hashes.hold();
    const passwords = others.map((email, index) => givePassword(world, email, `198.51.100.${index}`));
    await queued(100 - AT_WORK);
    const given = world.api('POST', '/api/v1/sign-in/recovery-code', { code }, token, '203.0.113.5');
    await queued(101 - AT_WORK);
    release();
    assert.equal((await given).status, 200);
    assert.deepEqual(tally(await Promise.all(passwords)), { 200: 100 });
    const before = hashes.state.began.indexOf('code');
    // Counting the attempt takes time, in which some passwords run.
    assert.ok(before < 50, `after ${before} passwords`);
  });

  test('a flood from a few addresses turns nobody else away and costs each of them a few turns', async (t) => {
    const { world, people, hashes, queued } = await openMorning(t);
    const emails = await people(40);
    const release = hashes.hold();
    const flood = Array.from({ length: 400 }, (_, index) =>
      givePassword(world, `guess${index}@company.example`, `203.0.113.${index % 3}`, 'a wrong guess'),
    );
    await queued(400 - AT_WORK);
    const answers = emails.map((email, index) => givePassword(world, email, `198.51.100.${index}`));
    await queued(440 - AT_WORK);
    let guessed = 0;
    for (const guess of flood) void guess.then(({ status }) => (guessed += status === 401 ? 1 : 0));
    const guessedBefore = Promise.all(answers.map((answer) => answer.then(() => guessed)));
    release();
    assert.deepEqual(tally(await Promise.all(answers)), { 200: 40 });
    assert.deepEqual(tally(await Promise.all(flood)), { 401: 60, 429: 340 });
    const most = Math.max(...(await guessedBefore));
    assert.ok(most <= 30, `somebody waited for ${most} guesses of the flood`);
  });
});
