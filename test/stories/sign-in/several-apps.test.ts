import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { breakSecret, openWithEnrolledAna, pendingToken, signInFully, wrongCode } from '../../story.ts';
import type { World } from '../../world.ts';

/** Ana with two apps that have used no code of the present step. */
async function openWithTwoApps(t: TestContext) {
  const opened = await openWithEnrolledAna(t);
  const other = await opened.world.addAuthenticator(opened.ana.id, 2);
  opened.world.clock.at += 30 * 30;
  return { ...opened, other };
}

/** The answer of the API to a code at a new sign-in. */
async function answerTo(world: World, code: string) {
  const token = await pendingToken(world);
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
}

const appsOf = ({ env }: World) =>
  env.db.read.selectFrom('authenticators').select(['id', 'last_refusal', 'last_used_at']).orderBy('id').execute();

describe('a person with two apps', () => {
  it('signs in with either, on the page and over the API', async (t) => {
    const { world, secret, other } = await openWithTwoApps(t);
    for (const one of [secret, other]) {
      await signInFully(world, world.person(), one);
      assert.equal((await answerTo(world, world.totp(one))).status, 200);
      world.clock.at += 30;
    }
  });

  it('uses a step up for one app alone', async (t) => {
    const { world, secret, other } = await openWithTwoApps(t);
    assert.equal((await answerTo(world, world.totp(secret))).status, 200);
    const { body } = await answerTo(world, world.totp(secret));
    assert.deepEqual([body.code, body.nextCodeInSeconds], ['code_already_used', 30]);
    assert.equal((await answerTo(world, world.totp(other))).status, 200, 'the same step, on the other phone');
    assert.equal((await answerTo(world, world.totp(other))).body.code, 'code_already_used');
  });

  it('proves either at a step-up', async (t) => {
    const { world, browser, secret, other } = await openWithTwoApps(t);
    for (const one of [other, secret]) {
      await browser.get('/step-up');
      assert.equal((await browser.post('/step-up', { code: world.totp(one) })).status, 303);
      world.clock.at += 10 * 60;
    }
  });

  it('learns about the clock of one phone from two codes of that phone', async (t) => {
    const { world, secret, other } = await openWithTwoApps(t);
    await answerTo(world, world.totp(secret, -6));
    world.clock.at += 30;
    const mixed = await answerTo(world, world.totp(other, -6));
    assert.deepEqual([mixed.body.code, mixed.body.clockOffsetSeconds], ['code_expired', undefined]);
    world.clock.at += 30;
    assert.equal((await answerTo(world, world.totp(other, -6))).body.clockOffsetSeconds, -180);
  });

  it('has the refusal remembered for the app that knows the code', async (t) => {
    const { world, other } = await openWithTwoApps(t);
    await answerTo(world, world.totp(other, -6));
    assert.deepEqual(
      (await appsOf(world)).map(({ last_refusal }) => last_refusal !== null),
      [false, true],
    );
  });

  it('still signs in with one app when the secret of the other does not decrypt', async (t) => {
    const { world, ana, secret } = await openWithEnrolledAna(t);
    await breakSecret(world, ana.id);
    const other = await world.addAuthenticator(ana.id, 2);
    const { body } = await world.api('POST', '/api/v1/sign-in', {
      email: ana.email,
      password: 'lantern otter velvet 9',
    });
    assert.deepEqual(body.methods, ['totp', 'recovery_code']);
    assert.equal((await answerTo(world, world.totp(secret))).body.code, 'code_incorrect');
    assert.equal((await answerTo(world, world.totp(other))).status, 200);
  });

  it('has one budget of tries: codes are tried against both apps as one try', async (t) => {
    const { world, secret, other } = await openWithTwoApps(t);
    for (let tries = 1; tries <= 5; tries++) {
      assert.equal((await answerTo(world, wrongCode(world, secret, tries))).body.code, 'code_incorrect', `${tries}`);
    }
    for (const one of [secret, other]) {
      assert.equal((await answerTo(world, world.totp(one))).body.code, 'too_many_attempts');
    }
    const counters = await world.env.db.read
      .selectFrom('attempts')
      .select('key')
      .where('key', 'like', 'code:%')
      .execute();
    assert.equal(counters.length, 1);
  });
});

it('a reset takes every app', async (t) => {
  const { world, ana } = await openWithTwoApps(t);
  const done = await takeAuthenticators(world.env, {
    email: ana.email,
    actor: 'command_line',
    reason: 'lost both phones',
  });
  assert(!('refused' in done));
  assert.deepEqual(await appsOf(world), []);
  const counters = await world.env.db.read
    .selectFrom('attempts')
    .select('key')
    .where('key', 'like', 'code:%')
    .execute();
  assert.deepEqual(counters, []);
});
