import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApp } from '#http/app.ts';
import { ROUTES } from '../../../src/routes.ts';
import { ANA } from '../../story.ts';
import { ORIGIN, PASSWORD } from '../../world.ts';
import {
  APP,
  APP_ORIGIN,
  addSite,
  NAVIGATION,
  openBrowser,
  openPortal,
  type PortalBrowser,
} from './forward-auth-story.ts';

const OTHER = 'other.example.com';
const COOKIE = '__Host-sallyport-site';

/** Follows the redirects up to the ticket: the address on the protected host that the browser has not requested yet. */
async function ticketFor(browser: PortalBrowser, url: string): Promise<string> {
  const page = await browser.follow(url);
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  await browser.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
  const { location = '' } = await browser.own.get(resume);
  assert.match(location, /^https:\/\/[^/]+\/\.sallyport\/return\?ticket=[\w-]{43}&to=/);
  return location;
}

test('a ticket is good once, and a used one on Back leads to the page', async (t) => {
  const { browser } = await openPortal(t);
  const address = await ticketFor(browser, `${APP_ORIGIN}/reports`);
  const before = browser.jarOf(APP).get(COOKIE);
  const first = await browser.visit(address);
  assert.deepEqual([first.status, first.location], [303, `${APP_ORIGIN}/reports`]);
  const value = browser.jarOf(APP).get(COOKIE);
  assert.notEqual(value, before, 'the session there has a value of its own');
  const back = await browser.visit(address);
  assert.deepEqual([back.status, back.location], [303, `${APP_ORIGIN}/reports`]);
  assert.equal(browser.jarOf(APP).get(COOKIE), value);
  assert.equal((await browser.visit(`${APP_ORIGIN}/reports`)).status, 200);
});

test('a used ticket in a browser that was signed out begins again', async (t) => {
  const { browser } = await openPortal(t);
  const address = await ticketFor(browser, `${APP_ORIGIN}/reports`);
  await browser.visit(address);
  await browser.own.post('/sign-out');
  const end = await browser.follow(address);
  assert.equal(new URL(end.url).pathname, '/sign-in');
  browser.jarOf(APP).clear();
  assert.equal(new URL((await browser.follow(address)).url).pathname, '/sign-in');
});

test('a ticket signs nobody in in another browser, on another host, or after a minute', async (t) => {
  const { world, browser } = await openPortal(t);
  await addSite(world, { host: OTHER });
  const address = await ticketFor(browser, `${APP_ORIGIN}/`);

  const thief = openBrowser(world);
  await thief.visit(`${APP_ORIGIN}/`);
  assert(thief.jarOf(APP).has(COOKIE), 'a browser with a cookie of its own');
  await thief.visit(address);
  assert.equal((await thief.visit(`${APP_ORIGIN}/`)).status, 302);

  browser.jarOf(OTHER).set(COOKIE, browser.jarOf(APP).get(COOKIE) ?? '');
  await browser.visit(address.replace(APP, OTHER));
  assert.equal((await browser.visit(`https://${OTHER}/`)).status, 302);

  world.clock.at += 60;
  await browser.visit(address);
  assert.equal((await browser.visit(`${APP_ORIGIN}/`)).status, 302);
});

test('nobody is signed in as somebody else by a link with a ticket', async (t) => {
  const { world, browser: attacker } = await openPortal(t);
  const address = await ticketFor(attacker, `${APP_ORIGIN}/`);
  const victim = openBrowser(world);
  const answer = await victim.visit(address);
  assert.equal(answer.status, 400);
  assert.equal(victim.jarOf(APP).get(COOKIE), undefined);
  assert.match(answer.text, /Please allow cookies/, 'nor is a browser that keeps no cookies sent round for ever');
  assert.match(answer.text, new RegExp(`href="${APP_ORIGIN}/"`));
});

test('a visit belongs to the browser that began it, and is used once', async (t) => {
  const { world, browser } = await openPortal(t);
  const page = await browser.follow(`${APP_ORIGIN}/`);
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  await browser.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
  const stranger = openBrowser(world);
  await stranger.own.signIn(ANA);
  assert.equal((await stranger.own.get(resume)).status, 404);
  assert.equal((await browser.own.get(resume)).status, 303);
  assert.equal((await browser.own.get(resume)).status, 404);
});

test('a visit is over after an hour', async (t) => {
  const { world, browser } = await openPortal(t);
  const page = await browser.follow(`${APP_ORIGIN}/`);
  const resume = new URL(page.url).searchParams.get('resume') ?? '';
  world.clock.at += 60 * 60;
  await browser.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
  assert.equal((await browser.own.get(resume)).status, 404);
});

test('two tabs that sign in for two hosts each end on their own page', async (t) => {
  const { world, browser } = await openPortal(t);
  await addSite(world, { host: OTHER });
  const [one, two] = [await browser.follow(`${APP_ORIGIN}/one`), await browser.follow(`https://${OTHER}/two`)];
  const resumeOf = ({ url }: { url: string }) => new URL(url).searchParams.get('resume') ?? '';
  const { location = '' } = await browser.own.post('/sign-in', {
    email: ANA,
    password: PASSWORD,
    resume: resumeOf(one),
  });
  assert.equal((await browser.follow(ORIGIN + location)).url, `${APP_ORIGIN}/one`);
  assert.equal((await browser.follow(ORIGIN + resumeOf(two))).url, `https://${OTHER}/two`);
});

test('two tabs that begin at once on one host both land', async (t) => {
  const { browser } = await openPortal(t);
  const second = await browser.follow(`${APP_ORIGIN}/second`);
  const first = await ticketFor(browser, `${APP_ORIGIN}/first`);
  assert.equal((await browser.follow(first)).url, `${APP_ORIGIN}/first`);
  const resume = new URL(second.url).searchParams.get('resume') ?? '';
  const landed = await browser.follow(ORIGIN + resume);
  assert.deepEqual([landed.url, landed.status], [`${APP_ORIGIN}/second`, 200]);
});

test('C15 CVE-2021-23435 (Clearance), CVE-2026-25779 (Gitea): what was not made here leads nowhere', async (t) => {
  const { browser } = await openPortal(t);
  for (const path of [
    '/forward-auth/begin',
    '/forward-auth/begin?visit=v1.k1.AAAA.BBBB',
    '/forward-auth/begin?visit=https://evil.example/',
  ]) {
    assert.equal((await browser.own.get(path)).status, 404, path);
  }
  await browser.signInAt(`${APP_ORIGIN}/`);
  const evil = [
    '//evil.example/',
    '/////evil.example/',
    '/\\evil.example/',
    'https://evil.example/',
    '/.//evil.example',
    '/%0d%0aset-cookie:a=b',
    '\t//evil.example',
    '/\u0000/evil.example/',
    '/.sallyport/return',
  ];
  for (const to of evil) {
    const answer = await browser.visit(`${APP_ORIGIN}/.sallyport/return?ticket=x&to=${encodeURIComponent(to)}`);
    assert.equal(answer.location, `${APP_ORIGIN}/`, to);
  }
  for (const uri of evil.slice(0, 6)) {
    browser.jarOf(APP).clear();
    const headers = { 'x-forwarded-host': APP, 'x-forwarded-proto': 'https', 'x-forwarded-uri': uri, ...NAVIGATION };
    const { location = '' } = await browser.ask('/forward-auth/redirect', APP, { headers });
    assert.equal((await browser.follow(location)).url, `${APP_ORIGIN}/`, uri);
  }
});

test('a visit out of the history begins again', async (t) => {
  const { world, browser } = await openPortal(t);
  const { location = '' } = await browser.visit(`${APP_ORIGIN}/reports`);
  world.clock.at += 10 * 60;
  const answer = await browser.open(location);
  assert.deepEqual([answer.status, answer.location], [303, `${APP_ORIGIN}/reports`]);
});

test('C15 CVE-2026-40295 (Devise): a blocked POST is not sent again: the way back leads to the page that it came from', async (t) => {
  const { browser } = await openPortal(t);
  await browser.own.signIn(ANA);
  const sent = async (referer: string | undefined) => {
    const headers = { ...NAVIGATION, ...(referer !== undefined && { referer }) };
    const { location = '', status } = await browser.visit(`${APP_ORIGIN}/delete?id=7`, { method: 'POST', headers });
    assert.equal(status, 303);
    const landed = await browser.follow(location);
    browser.jarOf(APP).clear();
    return landed.url;
  };
  assert.equal(await sent(`${APP_ORIGIN}/list?page=2`), `${APP_ORIGIN}/list?page=2`);
  for (const other of [
    undefined,
    `https://evil.example/${APP_ORIGIN}/list`,
    `${APP_ORIGIN}.evil.example/`,
    APP_ORIGIN,
  ]) {
    assert.equal(await sent(other), `${APP_ORIGIN}/`, other);
  }
});

test('a network that begins too many visits has to wait, and a signed-in person there has not', async (t) => {
  const { world, browser } = await openPortal(t);
  await browser.own.signIn(ANA);
  const { location = '' } = await browser.visit(`${APP_ORIGIN}/`);
  const { pathname, search } = new URL(location);
  const begin = (address?: string) => openBrowser(world, address).own.get(pathname + search);
  for (let count = 0; count < 180; count++) assert.equal((await begin()).status, 303);
  const refused = await begin();
  assert.equal(refused.status, 429);
  assert(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await begin('198.51.100.9')).status, 303);
  assert.equal((await browser.own.get(pathname + search)).status, 303);
});

test('the same ticket sent to two nodes at once signs in once', async (t) => {
  const { world, browser } = await openPortal(t);
  const nodes = [world.app, createApp(world.env, ROUTES)];
  for (let round = 0; round < 5; round++) {
    browser.jarOf(APP).clear();
    await browser.own.post('/sign-out');
    const { pathname, search } = new URL(await ticketFor(browser, `${APP_ORIGIN}/`));
    const cookie = `${COOKIE}=${browser.jarOf(APP).get(COOKIE)}`;
    const headers = { cookie, 'x-forwarded-for': '192.0.2.7' };
    const sent = Array.from({ length: 12 }, (_, index) =>
      nodes[index % 2]?.fetch(new Request(`https://${APP}${pathname}${search}`, { headers })),
    );
    const answers = await Promise.all(sent);
    assert(answers.every((answer) => answer?.status === 303));
    assert.equal(answers.filter((answer) => answer?.headers.has('set-cookie')).length, 1);
  }
  const entered = (await world.events()).filter(({ action }) => action === 'site.entered');
  assert.equal(entered.length, 5);
});
