import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openWorld, PASSWORD } from '../../world.ts';
import {
  closeSession,
  enrolledPerson,
  HOUR,
  MINUTE,
  onKnownDevice,
  pendingToken,
  recoveryCodesOf,
  tryCode,
  tryPassword,
  tryRecoveryCode,
  waitOf,
  wrongCode,
} from './limits-story.ts';

const WRONG = '0000-0000-0000-0000';

describe('a pending sign-in', () => {
  test('has five tries; the sixth is refused and the sign-in stays to say so', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const token = await pendingToken(world, ana.email);
    for (let tries = 1; tries <= 5; tries++) {
      assert.equal((await tryCode(world, ana, wrongCode(world, ana.secret), token)).status, 422);
    }
    world.clock.at += MINUTE;
    const sixth = await tryCode(world, ana, world.totp(ana.secret), token);
    assert.deepEqual([sixth.status, sixth.body.reason], [429, 'sign_in_again']);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, token)).status, 200);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200, 'the sixth was not counted');
  });

  test('has its five for codes of both kinds together', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [right = ''] = await recoveryCodesOf(world, ana.id);
    const token = await pendingToken(world, ana.email);
    for (let tries = 1; tries <= 3; tries++) {
      assert.equal((await tryRecoveryCode(world, ana, WRONG, token)).status, 422);
    }
    for (let tries = 4; tries <= 5; tries++) {
      assert.equal((await tryCode(world, ana, wrongCode(world, ana.secret), token)).status, 422);
    }
    assert.equal((await tryRecoveryCode(world, ana, right, token)).body.reason, 'sign_in_again');
    assert.equal((await tryRecoveryCode(world, ana, right)).status, 200);
  });

  test('keeps its tries in the browser that signs in again, and says what to do when they are gone', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = closeSession(await onKnownDevice(world, ana));
    await own.signIn(ana.email);
    for (let tries = 1; tries <= 3; tries++) {
      await own.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
    }
    await own.signIn(ana.email);
    for (let tries = 4; tries <= 5; tries++) {
      await own.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
    }
    world.clock.at += MINUTE;
    const refused = await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) });
    assert.equal(refused.status, 429);
    assert.match(refused.text, /Sign in again to continue\. <a href="\/sign-in">/);
    await own.signIn(ana.email);
    assert.equal((await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 303);
  });

  test('is over after ten minutes', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const token = await pendingToken(world, ana.email);
    world.clock.at += 10 * MINUTE;
    assert.equal((await tryCode(world, ana, world.totp(ana.secret), token)).status, 401);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);
  });

  test('is one of ten at most: the eleventh ends the oldest', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const tokens: string[] = [];
    for (let count = 1; count <= 11; count++) tokens.push(await pendingToken(world, ana.email));
    const alive = await Promise.all(tokens.map((token) => world.api('GET', '/api/v1/sign-in', undefined, token)));
    assert.deepEqual(
      alive.map(({ status }) => status),
      [401, ...Array(10).fill(200)],
    );
  });

  test('begins twenty times an hour on unknown devices, and as often as needed on a known one', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana);
    // The sign-in that made the device known was the first.
    for (let count = 2; count <= 20; count++) await pendingToken(world, ana.email);
    const refused = await tryPassword(world, ana.email, PASSWORD);
    assert.equal(refused.body.code, 'too_many_attempts');
    const seconds = waitOf(refused);
    // Counted per minute.
    assert.ok(seconds < HOUR + MINUTE, String(seconds));
    for (let count = 1; count <= 12; count++) {
      assert.equal((await closeSession(own).signIn(ana.email)).location, '/sign-in/one-time-code');
    }
    world.clock.at += seconds - 1;
    assert.equal(waitOf(await tryPassword(world, ana.email, PASSWORD)), 1);
    world.clock.at += 1;
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });

  test('that may not begin does not count the right password as a failure', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let count = 1; count <= 20; count++) await pendingToken(world, ana.email);
    const waits = new Set<number>();
    for (let count = 1; count <= 15; count++) waits.add(waitOf(await tryPassword(world, ana.email, PASSWORD)));
    assert.equal(waits.size, 1, 'the same limit answers each time');
    assert.equal((await tryPassword(world, ana.email, 'wrong')).status, 401);
  });

  test('with a confirmation of a set-up has twenty tries at it', async (t) => {
    const world = await openWorld(t);
    const partner = await world.addPartner();
    const { email } = await world.addUser({ email: 'new@acme.example', partnerId: partner.id });
    const token = await pendingToken(world, email);
    const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const secret = String(body.secret);
    const confirm = (code: string) => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token);
    for (let tries = 1; tries <= 20; tries++) assert.equal((await confirm(wrongCode(world, secret))).status, 422);
    assert.equal((await confirm(world.totp(secret))).body.code, 'too_many_attempts');
  });
});
