import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANA, plain, sendUnoffered } from '../../story.ts';
import { enterManager } from '../team/team-story.ts';
import {
  allow,
  detailsOf,
  isTrusted,
  openTrusting,
  rowsOf,
  signInTrusting,
  thiefWith,
  trust,
} from './trusted-story.ts';

const LIST = '/security/trusted-devices';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

test('security leads to the list: name, times, this device', async (t) => {
  const { world, secret } = await openTrusting(t);
  const [first, second] = [world.person(), world.person('192.0.2.50')];
  await trust(world, first, secret);
  await world.env.db.transaction((tx) => tx.updateTable('trusted_devices').set({ user_agent: FIREFOX }).execute());
  await signInTrusting(world, second, secret);
  const overview = (await second.get('/security')).text;
  assert.match(plain(overview), /Trusted devices 2 devices/);
  assert.match(overview, new RegExp(`href="${LIST}"`));
  const { text } = await second.get(LIST);
  assert.match(plain(text), /Another program This device/);
  assert.match(plain(text), /Firefox on Linux/);
  assert.equal(text.match(/This device/g)?.length, 1);
  assert.match(plain(text), /Device Last used Expires/);
  assert.match(plain(text), /Trusted since January 15, 2027/);
});

test('one device is ended, and then all of them; this session stays, what others opened is over', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const browsers = [1, 2, 3].map((n) => world.person(`192.0.2.${n + 60}`));
  const [own, other, third] = browsers;
  assert.ok(own && other && third);
  for (const browser of browsers) await trust(world, browser, secret);
  for (const browser of browsers) assert.equal((await browser.signIn(ANA)).location, '/');
  const rows = await rowsOf(world, ana.id);
  await own.get(LIST);
  assert.equal((await own.post(`${LIST}/end`, { id: rows[1]?.id ?? '' })).location, LIST);
  assert.equal((await other.get('/')).status, 303);
  assert.equal((await third.get('/')).status, 200);
  await own.get(LIST);
  assert.equal((await own.post(`${LIST}/end-all`)).location, LIST);
  assert.equal((await third.get('/')).status, 303);
  assert.match(plain((await own.get(LIST)).text), /You have no trusted devices/);
  const reasons = (await detailsOf(world, 'trusted_device.ended')).map(({ reason, devices }) => [reason, devices]);
  assert.deepEqual(reasons, [
    ['ended_one', 1],
    ['ended_all', 2],
  ]);
  await own.post('/sign-out');
  for (const browser of browsers) assert.equal(await isTrusted(browser), false);
});

test('nobody ends the device of another person', async (t) => {
  const { world, partnerId, ana, secret } = await openTrusting(t);
  await trust(world, world.person(), secret);
  const [row] = await rowsOf(world, ana.id);
  const { browser } = await enterManager(world, partnerId);
  for (const [path, fields] of [
    ['end', { id: row?.id ?? '' }],
    ['end-all', {}],
  ] as const) {
    assert.equal((await sendUnoffered(browser, '/security', `${LIST}/${path}`, fields)).location, LIST);
  }
  assert.equal((await rowsOf(world, ana.id)).length, 1);
});

test('where the partner does not allow it, security says nothing of it', async (t) => {
  const { world, partnerId } = await openTrusting(t);
  await allow(world, partnerId, false);
  const { browser } = await enterManager(world, partnerId);
  assert.doesNotMatch((await browser.get('/security')).text, /trusted-devices/);
  assert.match(plain((await browser.get(LIST)).text), /Your company requires a code at every sign-in/);
});

test('a session of a trusted device changes nothing without a code', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  await trust(world, browser, secret);
  await browser.signIn(ANA);
  for (const page of ['authenticator', 'authenticators', 'recovery-codes', 'password', 'email']) {
    assert.equal((await browser.get(`/security/${page}`)).location, '/step-up', page);
  }
  assert.match((await browser.get('/step-up')).text, /name="code"/);
  assert.doesNotMatch((await browser.get('/step-up')).text, /name="password"|name="trust"/);
  await browser.post('/step-up', { code: world.totp(secret) });
  assert.match(plain((await browser.get('/')).text), /Password and one-time code/);
  assert.equal((await browser.get('/security/password')).status, 200);
});

test('a manager on a trusted device sees the team and needs a code to change it', async (t) => {
  const { world, partnerId } = await openTrusting(t);
  const { email, secret } = await enterManager(world, partnerId);
  const browser = world.person();
  await trust(world, browser, secret, email);
  await browser.signIn(email);
  assert.equal((await browser.get('/team')).status, 200);
  assert.equal((await browser.get('/team/invite')).location, '/step-up');
});

test('a stolen session cookie of a trusted device does not learn the next secret', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  const before = await trust(world, browser, secret);
  await browser.signIn(ANA);
  for (const path of ['/', '/security', LIST]) {
    const { headers, text } = await browser.get(path);
    assert.equal(
      headers.getSetCookie().some((line) => line.includes('trust')),
      false,
    );
    assert.equal(text.includes(before.slice(37)), false);
  }
  assert.equal(await isTrusted(thiefWith(world, before)), false);
});
