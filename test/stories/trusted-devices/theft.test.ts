import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANA, cookieOf, headingOn, plain, setCookie } from '../../story.ts';
import type { World } from '../../world.ts';
import {
  CODE_PAGE,
  detailsOf,
  isTrusted,
  kindsOfMail,
  openTrusting,
  rowsOf,
  thiefWith,
  trust,
} from './trusted-story.ts';

test('a copied secret that the owner has used since opens nothing, ends the device, and the owner is told', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const owner = world.person();
  const copied = await trust(world, owner, secret);
  assert.equal((await owner.signIn(ANA)).location, '/');
  assert.notEqual(cookieOf(owner, 'trust'), copied, 'each use replaces the secret');
  assert.equal((await thiefWith(world, copied).signIn(ANA)).location, CODE_PAGE);
  assert.deepEqual(await rowsOf(world, ana.id), []);
  assert.equal((await owner.get('/')).status, 303, 'what the device had opened is over');
  assert.deepEqual(await kindsOfMail(world), ['trusted_device_created', 'trusted_device_reused']);
  const [id] = copied.split(':');
  assert.deepEqual(await detailsOf(world, 'trusted_device.reused'), [{ deviceId: id }]);
  const ended = await detailsOf(world, 'trusted_device.ended');
  assert.deepEqual(ended, [{ reason: 'reused', deviceId: id, devices: 1, sessions: 1 }]);
  assert.equal(await isTrusted(owner), false);
});

test('a thief who comes first is out when the owner comes: both are asked for a code, the session of the thief is over', async (t) => {
  const { world, secret } = await openTrusting(t);
  const owner = world.person();
  const thief = thiefWith(world, await trust(world, owner, secret));
  assert.equal((await thief.signIn(ANA)).location, '/');
  assert.equal((await thief.get('/')).status, 200);
  assert.equal((await owner.signIn(ANA)).location, CODE_PAGE);
  assert.equal((await thief.get('/')).status, 303);
  assert.equal(await isTrusted(thief), false);
  assert.deepEqual((await kindsOfMail(world)).slice(-1), ['trusted_device_reused']);
});

test('a secret of several uses ago ends the device as well', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const owner = world.person();
  const copied = await trust(world, owner, secret);
  for (let uses = 0; uses < 3; uses++) assert.equal(await isTrusted(owner), true);
  assert.equal(await isTrusted(thiefWith(world, copied)), false);
  assert.deepEqual(await rowsOf(world, ana.id), []);
});

test('without the password a copied secret does nothing, not even harm', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const owner = world.person();
  const copied = await trust(world, owner, secret);
  await isTrusted(owner);
  assert.equal((await thiefWith(world, copied).signIn(ANA, 'not the password at all')).status, 401);
  assert.equal((await rowsOf(world, ana.id)).length, 1);
  assert.equal(await isTrusted(owner), true);
});

/** One use, then its old secret again in another tab, as that tab's form was sent. */
async function sendOld(world: World, secret: string, later: { seconds: number; address?: string; userAgent?: string }) {
  const browser = world.person();
  const old = await trust(world, browser, secret);
  await isTrusted(browser);
  world.clock.at += later.seconds;
  const tab = world.person(later.address);
  setCookie(tab, 'trust', old);
  const headers = later.userAgent === undefined ? {} : { 'user-agent': later.userAgent };
  const { text } = await tab.get('/sign-in');
  const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token, email: ANA, password: 'lantern otter velvet 9' });
  const sent = { method: 'POST', body, headers: { origin: 'https://sign-in.example.com', ...headers } };
  assert.equal((await tab.send('/sign-in', sent)).location, CODE_PAGE, 'the old secret opens nothing, ever');
  return isTrusted(browser);
}

const AT_ONCE = { seconds: 9 };
const ALARMS: readonly [string, Parameters<typeof sendOld>[2]][] = [
  ['ten seconds later', { seconds: 10 }],
  ['from another address', { ...AT_ONCE, address: '192.0.2.8' }],
  ['from another browser', { ...AT_ONCE, userAgent: 'Browser/2' }],
];

test('two tabs of one browser that sign in at once are no theft, and the second is asked for a code', async (t) => {
  const { world, secret } = await openTrusting(t);
  assert.equal(await sendOld(world, secret, AT_ONCE), true);
  assert.deepEqual(await detailsOf(world, 'trusted_device.reused'), []);
});

for (const [name, later] of ALARMS) {
  test(`the old secret ${name} is theft`, async (t) => {
    const { world, secret } = await openTrusting(t);
    assert.equal(await sendOld(world, secret, later), false);
    assert.equal((await detailsOf(world, 'trusted_device.reused')).length, 1);
  });
}

test('the owner trusts the device again with the next code, and finds it in the list', async (t) => {
  const { world, secret } = await openTrusting(t);
  const owner = world.person();
  const copied = await trust(world, owner, secret);
  await isTrusted(owner);
  await thiefWith(world, copied).signIn(ANA);
  await trust(world, owner, secret);
  assert.equal((await owner.signIn(ANA)).location, '/');
  const { text } = await owner.get('/security/trusted-devices');
  assert.equal(headingOn(text), 'Trusted devices');
  assert.match(plain(text), /This device/);
});
