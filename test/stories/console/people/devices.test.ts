import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../../story.ts';
import type { World } from '../../../world.ts';
import { allow, isTrusted, trust } from '../../trusted-devices/trusted-story.ts';
import { lastEvents, openConsole, read } from '../console-story.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

async function open(t: Parameters<typeof openConsole>[0]) {
  const opened = await openConsole(t);
  const { world, partner, ana } = opened;
  await allow(world, partner.id);
  const secret = await world.addAuthenticator(ana.id);
  const browser = world.person();
  await trust(world, browser, secret, ana.email);
  return { ...opened, secret, browser };
}

function endLinks(text: string): readonly string[] {
  return [...text.matchAll(/href="(\/console\/people\/[^"]+\/devices\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

async function deviceRow(world: World, userId: string) {
  return world.env.db.read.selectFrom('devices').selectAll().where('user_id', '=', userId).executeTakeFirst();
}

test('the page of a person lists known and trusted devices: which browser, since when, used when', async (t) => {
  const { world, ana, csm, anaPath, secret, browser } = await open(t);
  await world.env.db.transaction((tx) =>
    tx.updateTable('devices').set({ user_agent: FIREFOX, last_used_at: null }).where('user_id', '=', ana.id).execute(),
  );
  const page = await read(csm, anaPath);
  assert.match(page, /Devices 1 known, 1 trusted/);
  assert.match(page, /Firefox on Linux Known January 15, 2027 –/, 'from before the last use was noted');
  assert.match(page, /Another program Trusted: no code until February 14, 2027 January 15, 2027 Jan 15, 2027, 8:00/);
  assert.ok(
    page.lastIndexOf('What happened last') < page.indexOf('Devices of Ana Silva'),
    'the trail comes before the list',
  );
  world.clock.at += 86_400;
  assert.ok(await isTrusted(browser, ana.email));
  const used = await deviceRow(world, ana.id);
  assert.deepEqual([used?.last_used_at, used?.user_agent], [world.clock.at, 'Browser/1']);
  assert.ok(secret);
});

test('ending a known device signs out what is open on it and forgets the browser', async (t) => {
  const { world, ana, csm, anaPath, secret, browser } = await open(t);
  await world.env.db.transaction((tx) => tx.deleteFrom('trusted_devices').execute());
  await browser.signIn(ana.email);
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.equal((await browser.get('/security')).status, 200);
  const [path = ''] = endLinks((await csm.get(anaPath)).text);
  assert.match(plain((await csm.get(path)).text), /Remove Another program of Ana Silva .* signed out and forgotten/);
  assert.equal((await csm.post(path, { reason: '' })).status, 400);
  assert.equal((await csm.post(path, { reason: 'laptop stolen' })).location, `${anaPath}?done=deviceEnded`);
  assert.equal((await browser.get('/security')).status, 303);
  assert.equal(await deviceRow(world, ana.id), undefined);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual([event?.action, event?.subject], ['device.ended', ana.id]);
  assert.deepEqual(
    { ...event?.detail, deviceId: '' },
    { reason: 'laptop stolen', deviceId: '', trusted: false, sessions: 1 },
  );
  assert.equal((await csm.get(path)).status, 404, 'it is gone');
});

test('ending a trusted device makes it ask for a code again', async (t) => {
  const { ana, csm, anaPath, browser, world } = await open(t);
  assert.ok(await isTrusted(browser, ana.email));
  const paths = endLinks((await csm.get(anaPath)).text);
  assert.equal(paths.length, 2);
  await csm.get(paths[0] ?? '');
  assert.equal((await csm.post(paths[0] ?? '', { reason: 'laptop sold' })).location, `${anaPath}?done=deviceEnded`);
  assert.equal(await isTrusted(browser, ana.email), false);
  assert.deepEqual((await lastEvents(world, 30)).filter(({ action }) => action.endsWith('device.ended')).length, 2);
});

test('the device of another person, or of staff, is no device of this one', async (t) => {
  const { world, csm, anaPath, partner } = await open(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const [path = ''] = endLinks((await csm.get(anaPath)).text);
  assert.equal((await csm.get(`/console/people/${bo.id}/devices/${path.split('/').at(-1)}`)).status, 404);
  const staff = world.env.db.read.selectFrom('devices as d').innerJoin('users as u', 'u.id', 'd.user_id');
  const own = await staff.select(['d.id', 'd.user_id']).where('u.role', '=', 'csm').executeTakeFirstOrThrow();
  assert.equal((await csm.get(`/console/people/${own.user_id}/devices/${own.id}`)).status, 404);
});
