import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unlockUser } from '#flows/administration/person-acts.ts';
import { oneTimeCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { uncounted } from '../../story.ts';
import { openWorld } from '../../world.ts';
import {
  authenticatorIdOf,
  closeSession,
  DAY,
  enrolledPerson,
  failCodes,
  HOUR,
  haveFailed,
  MINUTE,
  onKnownDevice,
  pendingToken,
  tryCode,
  waitOf,
  wrongCode,
} from './limits-story.ts';

describe('wrong one-time codes', () => {
  test('five in a row need no wait, and then a minute lies between two tries', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const code = wrongCode(world, ana.secret);
    for (let tries = 1; tries <= 5; tries++) assert.equal((await tryCode(world, ana, code)).status, 422);
    for (let tries = 6; tries <= 9; tries++) {
      const refused = await tryCode(world, ana, code);
      assert.equal(refused.body.code, 'too_many_attempts');
      assert.equal(waitOf(refused), MINUTE);
      world.clock.at += MINUTE - 1;
      assert.equal(waitOf(await tryCode(world, ana, code)), 1, 'a refused try prolongs nothing');
      world.clock.at += 1;
      assert.equal((await tryCode(world, ana, code)).status, 422);
    }
  });

  test('after ten in a row the wait is a quarter of an hour, after twenty an hour', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 10);
    assert.equal(waitOf(await tryCode(world, ana, wrongCode(world, ana.secret))), 15 * MINUTE);
    for (let tries = 11; tries <= 21; tries++) {
      // Slow enough never to reach the limit of 24 hours.
      world.clock.at += 3 * HOUR;
      assert.equal((await tryCode(world, ana, wrongCode(world, ana.secret))).status, 422);
    }
    assert.equal(waitOf(await tryCode(world, ana, wrongCode(world, ana.secret))), HOUR);
  });

  test('during a wait the right code is refused too and stays unused', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 5);
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), MINUTE);
    world.clock.at += MINUTE;
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);
  });

  test('twenty in 24 hours pause the authenticator for as long as the answer says', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const startedAt = world.clock.at;
    await failCodes(world, ana, 20);
    const refused = await tryCode(world, ana, world.totp(ana.secret));
    assert.equal(refused.body.code, 'authenticator_paused');
    const seconds = waitOf(refused);
    assert.ok(world.clock.at + seconds >= startedAt + DAY, 'a try counts for a whole day');
    world.clock.at += seconds - 1;
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), 1);
    world.clock.at += 1;
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);
  });

  test('a paused authenticator is still there: it is asked for, and no method is offered in its place', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 20);
    const token = await pendingToken(world, ana.email);
    const { body } = await world.api('GET', '/api/v1/sign-in', undefined, token);
    assert.deepEqual([body.state, body.methods], ['second_factor_required', []]);
    assert.equal((await world.api('POST', '/api/v1/sign-in/enrollment', {}, token)).status, 403);
  });

  test('fifty in a row disable the authenticator for good, and it still counts as one', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 50);
    for (const later of [0, 40 * DAY, 365 * DAY]) {
      world.clock.at += later;
      const refused = await tryCode(world, ana, world.totp(ana.secret));
      assert.deepEqual([refused.status, refused.body.code], [403, 'authenticator_disabled']);
      assert.equal(refused.headers.get('retry-after'), null);
    }
    const browser = world.person();
    assert.equal((await browser.signIn(ana.email)).location, '/sign-in/one-time-code');
    const page = await browser.post('/sign-in/one-time-code', { code: world.totp(ana.secret) });
    assert.equal(page.status, 403);
    assert.match(page.text, /This authenticator is disabled/);
    assert.match(page.text, /href="\/sign-in\/recovery-code"/);
  });

  test('sixty in 30 days disable it although right codes lay between them', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let rounds = 0; rounds < 15; rounds++) {
      await failCodes(world, ana, 4);
      world.clock.at += DAY;
      const status = rounds === 14 ? 403 : 200;
      assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, status, `after ${4 * (rounds + 1)}`);
    }
  });

  test('a right code ends the row and leaves the count of 24 hours', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let rounds = 0; rounds < 5; rounds++) {
      const token = await pendingToken(world, ana.email);
      // Four, so that no failure streak requires a wait.
      for (let tries = 0; tries < 4; tries++) {
        assert.equal((await tryCode(world, ana, wrongCode(world, ana.secret), token)).status, 422);
      }
      const right = await tryCode(world, ana, world.totp(ana.secret), token);
      if (rounds < 4) assert.equal(right.status, 200);
      else assert.equal(right.body.code, 'authenticator_paused');
      world.clock.at += 30;
    }
  });

  test('what is not six digits is no try', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const token = await pendingToken(world, ana.email);
    for (const code of ['12345', '1234567', 'abcdef', '', '12 34 5', '7KQ2-M9XT-BD4H-FVA8']) {
      assert.equal((await tryCode(world, ana, code, token)).status, 400);
    }
    for (let tries = 1; tries <= 4; tries++) await tryCode(world, ana, wrongCode(world, ana.secret), token);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret), token)).status, 200);
  });

  test('an old code counts as a failure like any other', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let tries = 1; tries <= 5; tries++) {
      assert.equal((await tryCode(world, ana, world.totp(ana.secret, -3 - tries))).body.code, 'code_expired');
    }
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), MINUTE);
  });
});

describe('the count of wrong codes', () => {
  test('is not refilled by signing in with the password again', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const browser = world.person();
    for (let tries = 1; tries <= 4; tries++) {
      await browser.signIn(ana.email);
      const answer = await browser.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
      assert.equal(answer.status, 422);
    }
    assert.equal((await tryCode(world, ana, wrongCode(world, ana.secret))).status, 422);
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), MINUTE);
  });

  test('is the same for every address and browser that is not known', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let tries = 1; tries <= 5; tries++) {
      const browser = world.person(`203.0.113.${tries}`);
      await browser.signIn(ana.email);
      const answer = await browser.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
      assert.equal(answer.status, 422);
    }
    const browser = world.person('203.0.113.99');
    await browser.signIn(ana.email);
    const refused = await browser.post('/sign-in/one-time-code', { code: world.totp(ana.secret) });
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60']);
    assert.match(uncounted(refused.text), /You can try again in 1 minute\./);
    assert.match(refused.text, /href="\/sign-in\/recovery-code"/);
  });

  test('of strangers leaves a known device alone: its owner signs in at once', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana);
    for (const [failures, code] of [
      [5, 'too_many_attempts'],
      [15, 'authenticator_paused'],
      [30, 'authenticator_disabled'],
    ] as const) {
      await failCodes(world, ana, failures);
      assert.equal((await tryCode(world, ana, world.totp(ana.secret))).body.code, code);
      await closeSession(own).signIn(ana.email);
      const answer = await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) });
      assert.deepEqual([answer.status, answer.location], [303, '/sign-in/notice']);
    }
  });

  test('of one known device leaves another one and the unknown ones alone', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [one, other] = [await onKnownDevice(world, ana), await onKnownDevice(world, ana)];
    await closeSession(one).signIn(ana.email);
    for (let tries = 1; tries <= 5; tries++) {
      await one.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
    }
    await closeSession(one).signIn(ana.email);
    assert.equal((await one.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 429);
    await closeSession(other).signIn(ana.email);
    assert.equal((await other.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 303);
    world.clock.at += 30;
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);
  });

  test('goes on inside a session: a step-up is no way to guess more', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana);
    world.clock.at += 6 * MINUTE;
    await own.get('/step-up');
    for (let tries = 1; tries <= 5; tries++) {
      assert.equal((await own.post('/step-up', { code: wrongCode(world, ana.secret) })).status, 422);
    }
    const refused = await own.post('/step-up', { code: world.totp(ana.secret) });
    assert.equal(refused.status, 429);
    await closeSession(own).signIn(ana.email);
    assert.equal((await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 429);
  });

  test('is cleared by unlock, except for 30 days and a disabled authenticator', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const act = { email: ana.email, actor: 'command_line', reason: 'called us' };
    await failCodes(world, ana, 20);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).body.code, 'authenticator_paused');
    await unlockUser(world.env, act);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);

    const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
    await haveFailed(world, counter, 40, 12 * HOUR);
    await unlockUser(world.env, act);
    await failCodes(world, ana, 19);
    await unlockUser(world.env, act);
    await failCodes(world, ana, 1);
    await unlockUser(world.env, act);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).body.code, 'authenticator_disabled');
  });
});
