import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { oneTimeCodeCounter, recoveryCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { openWorld, PASSWORD, type Person, type World } from '../world.ts';
import {
  authenticatorIdOf,
  closeSession,
  DAY,
  type Enrolled,
  enrolledPerson,
  failCodes,
  HOUR,
  haveFailed,
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
    assert.match(refused.text, /Sign in again to go on\. <a href="\/sign-in">/);
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
    // The one that made the device known was the first.
    for (let count = 2; count <= 20; count++) await pendingToken(world, ana.email);
    const refused = await tryPassword(world, ana.email, PASSWORD);
    assert.equal(refused.body.code, 'too_many_attempts');
    const seconds = waitOf(refused);
    // Counted by the minute.
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

describe('wrong recovery codes', () => {
  test('have a budget of ten in 24 hours, which is not that of one-time codes', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const codes = await recoveryCodesOf(world, ana.id);
    const startedAt = world.clock.at;
    await failRecoveryCodes(world, ana, 10);
    const refused = await tryRecoveryCode(world, ana, codes[0] ?? '');
    assert.equal(refused.body.code, 'too_many_attempts');
    const seconds = waitOf(refused);
    assert.ok(world.clock.at + seconds >= startedAt + DAY);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret))).status, 200);
    world.clock.at += seconds - 1;
    assert.equal(waitOf(await tryRecoveryCode(world, ana, codes[0] ?? '')), 1);
    world.clock.at += 1;
    assert.equal((await tryRecoveryCode(world, ana, codes[0] ?? '')).status, 200);
  });

  test('are thirty in 30 days at most, whatever was right between them', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const codes = await recoveryCodesOf(world, ana.id);
    for (let days = 0; days < 3; days++) {
      await failRecoveryCodes(world, ana, 9);
      world.clock.at += 2 * DAY;
      assert.equal((await tryRecoveryCode(world, ana, codes[days] ?? '')).status, 200);
    }
    await failRecoveryCodes(world, ana, 3);
    const refused = await tryRecoveryCode(world, ana, codes[5] ?? '');
    assert.ok(waitOf(refused) > 20 * DAY);
  });

  test('from strangers leave a known device alone', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const codes = await recoveryCodesOf(world, ana.id);
    const own = closeSession(await onKnownDevice(world, ana));
    await haveFailed(world, recoveryCodeCounter(ana.id, undefined), 10, MINUTE);
    assert.equal((await tryRecoveryCode(world, ana, codes[0] ?? '')).status, 429);
    await own.signIn(ana.email);
    assert.equal((await own.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 303);
  });

  test('that were used before count as failures', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const codes = await recoveryCodesOf(world, ana.id);
    assert.equal((await tryRecoveryCode(world, ana, codes[0] ?? '')).status, 200);
    for (let tries = 1; tries <= 10; tries++) {
      const again = await tryRecoveryCode(world, ana, codes[0] ?? '');
      assert.equal(again.body.code, 'recovery_code_already_used');
    }
    assert.equal((await tryRecoveryCode(world, ana, codes[1] ?? '')).status, 429);
  });

  async function failRecoveryCodes(world: World, person: Enrolled, count: number): Promise<void> {
    let token = '';
    for (let tries = 0; tries < count; tries++) {
      if (tries % 5 === 0) token = await pendingToken(world, person.email);
      assert.equal((await tryRecoveryCode(world, person, WRONG, token)).status, 422);
    }
  }
});

describe('the count of wrong one-time codes', () => {
  test('is not reset by a recovery code', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [right = ''] = await recoveryCodesOf(world, ana.id);
    await failCodes(world, ana, 5);
    assert.equal((await tryRecoveryCode(world, ana, right)).status, 200);
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), MINUTE);
  });

  test('is not refilled by a reset of the password, on whatever device', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 20);
    const browser = world.person();
    const password = await resetByLink(world, browser, ana, 'thimble quartz meadow 4');
    const { body } = await tryPassword(world, ana.email, password);
    const refused = await tryCode(world, ana, world.totp(ana.secret), String(body.pendingToken));
    assert.equal(refused.body.code, 'authenticator_paused');
  });

  test('has one budget for all devices that links ever made known', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    let password = '';
    for (let links = 1; links <= 2; links++) {
      const browser = world.person();
      password = await resetByLink(world, browser, ana, `thimble quartz meadow ${links}`);
      await browser.signIn(ana.email, password);
      const statuses = [];
      for (let tries = 1; tries <= 5; tries++) {
        const answer = await browser.post('/sign-in/one-time-code', { code: wrongCode(world, ana.secret) });
        statuses.push(answer.status);
      }
      assert.deepEqual(statuses, Array(5).fill(links === 1 ? 422 : 429));
    }
  });

  test('of a disabled authenticator ends with a recovery code and a changed password', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [right = ''] = await recoveryCodesOf(world, ana.id);
    const { key, rule } = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
    await haveFailed(world, { key, rule }, 60, 12 * HOUR);
    const password = await recoverAndChange(world, ana, right);
    const { body } = await tryPassword(world, ana.email, password);
    assert.equal((await tryCode(world, ana, world.totp(ana.secret), String(body.pendingToken))).status, 200);
  });

  test('of one that is not disabled stays, with a recovery code and a changed password too', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [right = ''] = await recoveryCodesOf(world, ana.id);
    const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
    await haveFailed(world, counter, 49, 12 * HOUR);
    const password = await recoverAndChange(world, ana, right);
    const { body } = await tryPassword(world, ana.email, password);
    const fiftieth = await tryCode(world, ana, wrongCode(world, ana.secret), String(body.pendingToken));
    assert.equal(fiftieth.status, 422);
    const refused = await tryCode(world, ana, world.totp(ana.secret), String(body.pendingToken));
    assert.equal(refused.body.code, 'authenticator_disabled');
  });

  async function resetByLink(world: World, browser: Person, { email }: Enrolled, password: string): Promise<string> {
    await browser.post('/forgot-password', { email });
    const [mail] = await world.mail();
    assert(mail);
    assert.equal((await browser.post(new URL(mail.link).pathname, { password })).status, 303);
    return password;
  }

  async function recoverAndChange(world: World, ana: Enrolled, recoveryCode: string): Promise<string> {
    const browser = world.person();
    await browser.signIn(ana.email);
    assert.equal((await browser.post('/sign-in/recovery-code', { code: recoveryCode })).status, 303);
    const next = 'thimble quartz meadow 4';
    assert.equal((await browser.post('/security/password', { current: PASSWORD, new: next })).location, '/security');
    return next;
  }
});
