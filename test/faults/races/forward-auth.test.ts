import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import {
  APP,
  APP_ORIGIN,
  addSite,
  NAVIGATION,
  openBrowser,
  type PortalBrowser,
  SCRIPT,
} from '../../stories/forward-auth/forward-auth-story.ts';
import { ORIGIN } from '../../world.ts';
import type { WireAnswer, WireRequest } from './at-once.ts';
import { openRace, type Racer, ROUNDS, times } from './race-world.ts';

const race = await openRace({ after }, { isBehindProxy: true });
await addSite(race);
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

const TWENTY = 20;
const COOKIE = '__Host-sallyport-site';
const ADDRESS = '192.0.2.7';
const FORWARDED = { 'x-forwarded-host': APP, 'x-forwarded-proto': 'https', 'x-forwarded-for': ADDRESS };

/** Signed in with us, but not yet on the protected host. */
async function signedIn({ email, secret }: Racer): Promise<PortalBrowser> {
  const browser = openBrowser(race, ADDRESS);
  await browser.own.signIn(email);
  assert.equal((await browser.own.post('/sign-in/one-time-code', { code: race.totp(secret) })).status, 303);
  race.clock.at += 30;
  return browser;
}

/** Follows the redirects up to the ticket: the address on the protected host that the browser has not requested yet. */
async function ticketOf(browser: PortalBrowser): Promise<string> {
  const begin = await browser.visit(`${APP_ORIGIN}/report`);
  const visit = await browser.open(String(begin.location));
  const { location } = await browser.open(new URL(String(visit.location), ORIGIN).href);
  assert.match(String(location), /\/\.sallyport\/return\?ticket=/);
  return String(location);
}

function onHost(browser: PortalBrowser, address: string): WireRequest {
  const { pathname, search } = new URL(address);
  return { method: 'GET', path: pathname + search, headers: { ...here(browser), ...NAVIGATION }, body: '' };
}

function check(browser: PortalBrowser, said: Readonly<Record<string, string>> = SCRIPT): WireRequest {
  const headers = { ...here(browser), 'x-forwarded-uri': '/report', ...said };
  return { method: 'GET', path: '/forward-auth/redirect', headers, body: '' };
}

function here(browser: PortalBrowser): Readonly<Record<string, string>> {
  return { ...FORWARDED, host: APP, cookie: `${COOKIE}=${browser.jarOf(APP).get(COOKIE)}` };
}

function signOut(browser: PortalBrowser): WireRequest {
  const headers = { ...here(browser), origin: APP_ORIGIN };
  return { method: 'POST', path: '/.sallyport/sign-out', headers, body: '' };
}

function cookiesIn(answers: readonly WireAnswer[]): string[] {
  return answers.flatMap(({ cookies }) => cookies.map((line) => /^[^=]+=([^;]*)/.exec(line)?.[1] ?? ''));
}

/** Whether both nodes let a browser with this cookie in. */
async function isLetIn(browser: PortalBrowser, cookie: string): Promise<boolean> {
  browser.jarOf(APP).set(COOKIE, cookie);
  const answers = await race.send(times(2, check(browser)));
  const [one, other] = answers.map(({ status }) => status);
  assert.equal(one, other, 'both nodes say the same');
  return one === 200;
}

function assertNoFault(answers: readonly WireAnswer[]): void {
  assert.deepEqual(
    answers.filter(({ status }) => status < 200 || status >= 500),
    [],
  );
}

const rounds = (name: string, work: () => Promise<void>) =>
  test(name, async () => {
    for (let round = 1; round <= ROUNDS; round++) await work();
  });

describe('sent twenty times at once, to two nodes', () => {
  rounds('a ticket gives one cookie', async () => {
    const racer = await race.newRacer();
    const browser = await signedIn(racer);
    const answers = await race.send(times(TWENTY, onHost(browser, await ticketOf(browser))));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [303]);
    const cookies = cookiesIn(answers);
    assert.equal(cookies.length, 1);
    assert.equal(await isLetIn(browser, String(cookies[0])), true);
    assert.equal((await race.eventsOf(racer.id, 'site.entered')).length, 1);
  });

  rounds('a visit gives one ticket', async () => {
    const browser = await signedIn(await race.newRacer());
    const begin = await browser.visit(`${APP_ORIGIN}/report`);
    const { location } = await browser.open(String(begin.location));
    const cookie = [...browser.own.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, 'x-forwarded-for': ADDRESS, 'user-agent': 'Browser/1' };
    const answers = await race.send(times(TWENTY, { method: 'GET', path: String(location), headers, body: '' }));
    assertNoFault(answers);
    assert.equal(answers.filter((answer) => answer.location?.includes('ticket=')).length, 1);
  });

  rounds('two tickets of one session leave one cookie that is let in', async () => {
    const browser = await signedIn(await race.newRacer());
    const tickets = [await ticketOf(browser), await ticketOf(browser)];
    const answers = await race.send(times(TWENTY, ...tickets.map((address) => onHost(browser, address))));
    assertNoFault(answers);
    const cookies = cookiesIn(answers);
    assert.equal(cookies.length, 2);
    const letIn: boolean[] = [];
    for (const cookie of cookies) letIn.push(await isLetIn(browser, cookie));
    assert.deepEqual(letIn.toSorted(), [false, true]);
  });
});

describe('at the moment of a sign-out', () => {
  rounds('checks and tickets leave nobody let in', async () => {
    const racer = await race.newRacer();
    const browser = await signedIn(racer);
    const [arrival] = await race.send([onHost(browser, await ticketOf(browser))]);
    const cookie = cookiesIn(arrival ? [arrival] : [])[0] ?? '';
    const late = await ticketOf(browser);
    // The ticket is bound to the earlier cookie. The check uses the current one.
    const arriving = times(6, onHost(browser, late));
    assert.equal(await isLetIn(browser, cookie), true);
    // A navigation notes that the session is in use. This must not restore a revoked one.
    race.clock.at += 2 * 60;
    const checks = times(12, check(browser), check(browser, NAVIGATION));
    const answers = await race.send([...checks.slice(0, 6), ...arriving, signOut(browser), ...checks.slice(6)]);
    assertNoFault(answers);
    for (const one of [cookie, ...cookiesIn(answers)]) assert.equal(await isLetIn(browser, one), false);
    assert.deepEqual(await race.sessionsOf(racer.id), []);
  });
});
