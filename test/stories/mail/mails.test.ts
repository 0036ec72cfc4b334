import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import {
  ANA,
  enrollWithCodes,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

/** The kinds of mail, the oldest first. */
async function kinds(world: World, since = 0): Promise<string[]> {
  return (await world.mail())
    .map(({ kind }) => kind)
    .toReversed()
    .slice(since);
}

describe('a person is told by mail', () => {
  test('when MFA is on, and by that mail alone', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const [mail, ...others] = await world.mail();
    assert.deepEqual([mail?.kind, mail?.to, others], ['mfa_enrolled', ANA, []]);
    assert.equal(mail?.parameters.address, '192.0.2.7');
  });

  test('when somebody signs in on a new device, and not on a known one', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await signInFully(world, browser, secret);
    assert.deepEqual(await kinds(world), ['mfa_enrolled']);
    await signInFully(world, world.person('198.51.100.3'), secret);
    const [mail] = await world.mail();
    assert.deepEqual([mail?.kind, mail?.parameters.address], ['new_device', '198.51.100.3']);
  });

  test('when a program signs in from a network for the first time', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const signIn = async (address: string) => {
      const { body } = await world.api(
        'POST',
        '/api/v1/sign-in',
        { email: ANA, password: PASSWORD },
        undefined,
        address,
      );
      const token = String(body.pendingToken);
      const code = world.totp(secret);
      assert.equal((await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token, address)).status, 200);
      world.clock.at += 30;
    };
    for (const address of ['192.0.2.9', '192.0.2.9', '192.0.2.10']) await signIn(address);
    assert.deepEqual(await kinds(world, 1), ['new_device', 'new_device']);
    // One /64 is one network: a host changes its address in it every day.
    for (const address of ['2001:db8:1:2::9', '2001:db8:1:2:a::1', '2001:db8:1:3::9']) await signIn(address);
    assert.deepEqual(await kinds(world, 3), ['new_device', 'new_device']);
  });

  test('when a recovery code was used, once for each, with a warning where few are left', async (t) => {
    const { world, codes } = await openWithEnrolledAna(t);
    for (const code of codes) {
      world.clock.at += 3600;
      const token = await pendingToken(world);
      assert.equal((await world.api('POST', '/api/v1/sign-in/recovery-code', { code }, token)).status, 200);
    }
    const told = (await kinds(world, 1)).filter((kind) => kind !== 'new_device');
    assert.deepEqual(told, [...Array(6).fill('recovery_code_used'), ...Array(4).fill('few_codes_left')]);
  });

  test('when new codes are made, the authenticator replaced, the password changed', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    await browser.get('/security/recovery-codes');
    assert.equal((await browser.post('/security/recovery-codes')).status, 303);
    await browser.post('/enroll/recovery-codes', { saved: 'yes' });
    await browser.get('/security/authenticator');
    await browser.post('/security/authenticator/start');
    const fresh = /secret=([A-Z2-7]{32})/.exec((await browser.get('/security/authenticator')).text)?.[1] ?? '';
    assert.equal((await browser.post('/security/authenticator', { code: world.totp(fresh) })).status, 303);
    assert.notEqual(fresh, secret);
    const change = { current: PASSWORD, new: 'another lantern otter 8' };
    assert.equal((await browser.post('/security/password', change)).status, 303);
    assert.deepEqual(await kinds(world, 1), ['new_codes_made', 'authenticator_replaced', 'password_changed']);
  });

  test('when the authenticator is turned off', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t, { policy: 'optional' });
    await browser.get('/security/authenticator');
    assert.equal((await browser.post('/security/authenticator/turn-off')).status, 303);
    assert.deepEqual(await kinds(world, 1), ['authenticator_removed']);
  });

  test('when the password was set by a link', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.post('/forgot-password', { email: ANA });
    const link = new URL((await world.mail())[0]?.link ?? '').pathname;
    await browser.get(link);
    assert.equal((await browser.post(link, { password: 'another lantern otter 8' })).status, 303);
    assert.deepEqual(await kinds(world), ['password_reset', 'password_changed']);
  });

  test('when staff reset MFA', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    assert(
      !isRefusal(await takeAuthenticators(world.env, { email: ANA, actor: 'command_line', reason: 'lost phone' })),
    );
    assert.deepEqual(await kinds(world, 1), ['mfa_reset']);
  });
});

describe('right password, wrong code', () => {
  test('is told at the first in an hour, and not again within it', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const fail = async () => {
      const code = wrongCode(world, secret);
      await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, await pendingToken(world));
    };
    await fail();
    assert.deepEqual(await kinds(world, 1), ['wrong_code']);
    for (let tries = 0; tries < 3; tries++) await fail();
    assert.deepEqual(await kinds(world, 1), ['wrong_code']);
    world.clock.at += 3661;
    await fail();
    assert.deepEqual(await kinds(world, 1), ['wrong_code', 'wrong_code']);
  });

  test('is not told for a wrong password or for a wrong code inside a session', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    await world.person().signIn(ANA, 'not the password of Ana');
    world.clock.at += 600;
    await browser.get('/security/password');
    await browser.post('/step-up', { code: wrongCode(world, secret) });
    assert.deepEqual(await kinds(world, 1), []);
  });
});

describe('too many wrong codes', () => {
  test('are told when codes are paused, once, with the time until when', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    for (let tries = 0; tries < 22; tries++) {
      const code = wrongCode(world, secret);
      await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, await pendingToken(world));
      world.clock.at += 1000;
    }
    const paused = (await world.mail()).filter(({ kind }) => kind === 'sign_in_paused');
    assert.equal(paused.length, 1);
    assert.ok(Number(paused[0]?.parameters.untilAt) > world.clock.at);
  });
});

describe('many wrong passwords', () => {
  const type = async (world: World, email: string, times: number, address: string) => {
    const statuses: number[] = [];
    for (let tries = 0; tries < times; tries++)
      statuses.push((await world.person(address).signIn(email, 'wrong')).status);
    return statuses;
  };

  test('are mailed to their owner at the tenth in a row, once a day', async (t) => {
    const { world } = await openWithAna(t);
    await type(world, ANA, 9, '198.51.100.1');
    assert.deepEqual(await kinds(world), []);
    await type(world, ANA, 5, '198.51.100.1');
    assert.deepEqual(await kinds(world), ['refused_passwords']);
    world.clock.at += 12 * 3600;
    await type(world, ANA, 5, '198.51.100.2');
    assert.deepEqual(await kinds(world), ['refused_passwords']);
    world.clock.at += 14 * 3600;
    await type(world, ANA, 5, '198.51.100.3');
    assert.deepEqual(await kinds(world), ['refused_passwords', 'refused_passwords']);
  });

  test('are mailed to nobody for an unknown email, and answered and counted the same', async (t) => {
    const { world } = await openWithAna(t);
    const unknown = await type(world, 'nobody@acme.example', 12, '198.51.100.1');
    const known = await type(world, ANA, 12, '198.51.100.2');
    assert.deepEqual(unknown, known);
    assert.deepEqual(
      (await world.mail()).map(({ to }) => to),
      [ANA],
    );
    const rows = await world.env.db.read
      .selectFrom('attempts')
      .select('key')
      .where('key', 'like', 'mail-password:%')
      .execute();
    assert.equal(rows.length, 2, 'the same rows are written for either');
  });

  test('of an enrolled person on their own device warn nobody', async (t) => {
    const { world, browser } = await openWithAna(t).then(async ({ world }) => {
      const browser = world.person();
      await enrollWithCodes(world, browser);
      await browser.post('/sign-out');
      return { world, browser };
    });
    for (let tries = 0; tries < 12; tries++) await browser.signIn(ANA, 'wrong');
    assert.deepEqual(await kinds(world, 1), []);
  });
});
