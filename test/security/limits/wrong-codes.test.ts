import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { oneTimeCodeCounter, recoveryCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { openWorld, PASSWORD, type Person, type World } from '../../world.ts';
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
