import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ORIGIN, openWorld, PASSWORD, type World } from '../../world.ts';
import {
  enrolledPerson,
  HOUR,
  MINUTE,
  onKnownDevice,
  pendingToken,
  tryPassword,
  waitOf,
  wrongCode,
} from './limits-story.ts';

/** Failures of many different people, so that none of their own limits is reached. */
async function sprayPasswords(world: World, count: number, address: (index: number) => string): Promise<number[]> {
  const statuses = [];
  for (let index = 0; index < count; index++) {
    statuses.push((await tryPassword(world, `person${index}@acme.example`, 'wrong', address(index))).status);
  }
  return statuses;
}

describe('wrong passwords from one address', () => {
  test('are twenty in ten minutes, for whatever emails', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const statuses = await sprayPasswords(world, 21, () => '203.0.113.5');
    assert.deepEqual(statuses, [...Array(20).fill(401), 429]);
    const refused = await tryPassword(world, ana.email, PASSWORD, '203.0.113.5');
    const seconds = waitOf(refused);
    assert.ok(seconds < 11 * MINUTE, String(seconds));
    assert.equal((await tryPassword(world, ana.email, PASSWORD, '203.0.113.6')).status, 200, 'a neighbour may');
    world.clock.at += seconds - 1;
    assert.equal(waitOf(await tryPassword(world, ana.email, PASSWORD, '203.0.113.5')), 1);
    world.clock.at += 1;
    assert.equal((await tryPassword(world, ana.email, PASSWORD, '203.0.113.5')).status, 200);
  });

  test('are counted for the whole /64 in IPv6, however it is written, and not for the next one', async (t) => {
    const world = await openWorld(t);
    const same = (index: number) =>
      index % 2 === 0 ? `2001:db8:0:7::${index.toString(16)}` : `2001:0db8:0000:0007:ffff:1::${index}`;
    assert.deepEqual(await sprayPasswords(world, 21, same), [...Array(20).fill(401), 429]);
    assert.deepEqual(await sprayPasswords(world, 1, () => '2001:db8:0:8::1'), [401]);
  });

  test('are the same for an IPv4 address that comes inside IPv6', async (t) => {
    const world = await openWorld(t);
    const spellings = ['203.0.113.5', '::ffff:203.0.113.5', '::ffff:cb00:7105'];
    const statuses = await sprayPasswords(world, 21, (index) => spellings[index % 3] ?? '');
    assert.deepEqual(statuses, [...Array(20).fill(401), 429]);
    assert.deepEqual(await sprayPasswords(world, 1, () => '::ffff:203.0.113.6'), [401]);
  });

  test('do not keep out a known device at that address, whose failures do not count there', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana, '203.0.113.5');
    await own.get('/');
    for (const name of own.cookies.keys()) if (name.endsWith('session')) own.cookies.delete(name);
    for (let tries = 1; tries <= 9; tries++) assert.equal((await own.signIn(ana.email, 'wrong')).status, 401);
    assert.deepEqual(await sprayPasswords(world, 21, () => '203.0.113.5'), [...Array(20).fill(401), 429]);
    assert.equal((await own.signIn(ana.email)).status, 303);
  });

  test('right ones do not count: an office behind one address signs in on one morning', async (t) => {
    const world = await openWorld(t);
    for (let count = 1; count <= 25; count++) {
      const person = await enrolledPerson(world);
      assert.equal((await tryPassword(world, person.email, PASSWORD, '203.0.113.5')).status, 200);
    }
  });

  test('X-Forwarded-For and its like change nothing while no proxy is trusted', async (t) => {
    const world = await openWorld(t);
    const names = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip'];
    const statuses = [];
    for (let index = 0; index < 21; index++) {
      const name = names[index % names.length] ?? '';
      const address = `198.51.100.${index}`;
      const headers = {
        'content-type': 'application/json',
        [name]: name === 'forwarded' ? `for=${address}` : address,
      };
      const body = JSON.stringify({ email: `person${index}@acme.example`, password: 'wrong' });
      const request = new Request(`${ORIGIN}/api/v1/sign-in`, { method: 'POST', headers, body });
      statuses.push((await world.app.fetch(request, { remoteAddress: '203.0.113.5' })).status);
    }
    assert.deepEqual(statuses, [...Array(20).fill(401), 429]);
    const garbage = { 'content-type': 'application/json', 'x-forwarded-for': `a, ${'9'.repeat(9000)}, [::1%eth0]` };
    const body = JSON.stringify({ email: 'person@acme.example', password: 'wrong' });
    const request = new Request(`${ORIGIN}/api/v1/sign-in`, { method: 'POST', headers: garbage, body });
    assert.equal((await world.app.fetch(request, { remoteAddress: '203.0.113.5' })).status, 429);
  });

  test('behind one trusted proxy its own entry counts, not what the client wrote before it', async (t) => {
    const world = await openWorld(t, { environment: { SALLYPORT_TRUSTED_PROXIES: '1' } });
    const statuses = [];
    for (let index = 0; index < 21; index++) {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': `198.51.100.${index}, 203.0.113.5` };
      const body = JSON.stringify({ email: `person${index}@acme.example`, password: 'wrong' });
      const request = new Request(`${ORIGIN}/api/v1/sign-in`, { method: 'POST', headers, body });
      statuses.push((await world.app.fetch(request, { remoteAddress: '10.0.0.1' })).status);
    }
    assert.deepEqual(statuses, [...Array(20).fill(401), 429]);
  });
});

describe('wrong codes from one address', () => {
  const ADDRESS = '203.0.113.5';

  /** Three wrong codes of each person, or recovery codes in every second sign-in. */
  async function failAt(world: World, count: number): Promise<number[]> {
    const statuses = [];
    for (let index = 0; index < count; index++) {
      const person = await enrolledPerson(world);
      const token = await pendingToken(world, person.email, ADDRESS);
      const kind = index % 2 === 0 ? 'one-time-code' : 'recovery-code';
      const code = index % 2 === 0 ? wrongCode(world, person.secret) : '0000-0000-0000-0000';
      const answer = await world.api('POST', `/api/v1/sign-in/${kind}`, { code }, token, ADDRESS);
      statuses.push(answer.status);
    }
    return statuses;
  }

  test('are thirty in an hour, of both kinds together', async (t) => {
    const world = await openWorld(t);
    assert.deepEqual(await failAt(world, 31), [...Array(30).fill(422), 429]);
    const ana = await enrolledPerson(world);
    const code = world.totp(ana.secret);
    const token = await pendingToken(world, ana.email, ADDRESS);
    const refused = await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token, ADDRESS);
    assert.equal(refused.body.code, 'too_many_attempts');
    assert.ok(waitOf(refused) < HOUR + MINUTE);
    const elsewhere = await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token, '203.0.113.6');
    assert.equal(elsewhere.status, 200);
  });

  test('do not keep out a known device at that address', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana, ADDRESS);
    for (const name of own.cookies.keys()) if (name.endsWith('session')) own.cookies.delete(name);
    assert.deepEqual(await failAt(world, 31), [...Array(30).fill(422), 429]);
    await own.signIn(ana.email);
    assert.equal((await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 303);
  });

  test('at a set-up are not counted: an office enrolls on one morning', async (t) => {
    const world = await openWorld(t);
    const partner = await world.addPartner();
    for (let count = 1; count <= 8; count++) {
      const { email } = await world.addUser({ email: `new${count}@acme.example`, partnerId: partner.id });
      const token = await pendingToken(world, email, ADDRESS);
      const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token, ADDRESS);
      const confirm = (code: string) =>
        world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, ADDRESS);
      for (let tries = 1; tries <= 5; tries++) {
        assert.equal((await confirm(wrongCode(world, String(body.secret)))).status, 422);
      }
      assert.equal((await confirm(world.totp(String(body.secret)))).status, 200);
    }
  });
});
