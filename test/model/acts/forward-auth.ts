import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NAVIGATION } from '../../stories/forward-auth/forward-auth-story.ts';
import { act, type Drawn, type Events, ordinal, pick } from '../act.ts';
import { signOutHere } from '../effects.ts';
import { type Inside, inside } from '../inside.ts';
import { isLiveSession, MINUTE, type Model } from '../model.ts';
import { CHECK, keepCookie, onHost } from '../portal-real.ts';
import { cookieOf, isLetIn, mayEnter } from '../portals.ts';
import type { Real } from '../real.ts';
import { HOSTS, type Host, type Ticket } from '../rows.ts';

const host = fc.constantFrom(...HOSTS);

/** Opens a page of a protected host: it is shown, or the browser is redirected up to its ticket. */
const visit = inside('visit a host', fc.record({ host }), async (model, real, { host, ...on }) => {
  const { browser, node } = on;
  const before = browser.sites.get(host.host);
  const known = cookieOf(model, host, before);
  const page = await onHost(real, node, host, { path: CHECK, cookie: before, headers: NAVIGATION });
  if (known && isLetIn(model, known)) {
    assert.deepEqual([page.status, page.user], [200, known.session.person.id]);
    return [];
  }
  assert.equal(page.status, 302);
  keepCookie(browser, host, page.cookie);
  return goOn(model, real, { host, ...on }, new URL(String(page.location)));
});

async function goOn(model: Model, real: Real, on: Inside & { host: Host }, begin: URL): Promise<Events> {
  const { browser, session, host, node } = on;
  const begun = await real.get(node, browser, begin.pathname + begin.search);
  const { location } = await real.get(node, browser, String(begun.location));
  if (!mayEnter(model, session, host)) {
    assert.match(String(location), /^\/(step-up\?|security\/authenticator\?)/);
    return [];
  }
  const { pathname, search } = new URL(String(location));
  const cookie = browser.sites.get(host.host);
  const ticket = { path: pathname + search, host, browser, cookie, session, used: false };
  model.portals.tickets.push({ ...ticket, expiresAt: model.now + MINUTE });
  return [];
}

/** In its own browser or in another one, once or twice. */
const useTicket = act({
  name: 'use a ticket',
  args: fc.record({ which: ordinal, isStolen: fc.constantFrom(false, false, false, true) }),
  check: ({ portals }) => portals.tickets.length > 0,
  async run(model, real, { which, isStolen, node }) {
    const ticket = pick(model.portals.tickets, which);
    assert(ticket);
    const { host, path } = ticket;
    const browser = isStolen ? model.browsers.find((other) => other !== ticket.browser) : ticket.browser;
    assert(browser);
    const before = browser.sites.get(host.host);
    const answer = await onHost(real, node, host, { path, cookie: before, headers: NAVIGATION });
    if (!fits(model, ticket, before)) {
      assert.equal(answer.cookie, before, 'nobody is let in by it');
      return [];
    }
    assert.equal(answer.status, 303);
    assert(answer.cookie !== undefined && answer.cookie !== before, 'a cookie of its own');
    ticket.used = true;
    keepCookie(browser, host, answer.cookie);
    enter(model, ticket, answer.cookie);
    return ['site.entered'];
  },
});

function fits(model: Model, { cookie, session, host, expiresAt, used }: Ticket, before: string | undefined): boolean {
  return !used && model.now < expiresAt && before === cookie && mayEnter(model, session, host);
}

/** One cookie for each session and host. */
function enter({ portals }: Model, { session, host }: Ticket, value: string): void {
  for (const other of portals.cookies) other.replaced ||= other.session === session && other.host === host;
  portals.cookies.push({ value, host, session, replaced: false });
}

const signOutOnHost = act({
  name: 'sign out on a host',
  args: fc.record({ at: fc.constantFrom(0, 1), host }),
  check: ({ browsers }, { at, host }) => browsers[at]?.sites.has(host.host) ?? false,
  async run(model, real, { at, host, node }) {
    const browser = model.browsers[at];
    assert(browser);
    const before = browser.sites.get(host.host);
    const headers = { origin: `https://${host.host}` };
    const asked = { path: '/.sallyport/sign-out', method: 'POST', cookie: before, headers };
    const { status, cookie } = await onHost(real, node, host, asked);
    assert.deepEqual([status, cookie], [303, undefined]);
    keepCookie(browser, host, undefined);
    const known = cookieOf(model, host, before);
    if (!known || known.replaced || !isLiveSession(model, known.session)) return [];
    return signOutHere(model, known.session);
  },
});

export const FORWARD_AUTH_ACTS: readonly Drawn[] = [
  { weight: 10, arbitrary: visit },
  { weight: 10, arbitrary: useTicket },
  { weight: 1, arbitrary: signOutOnHost },
];
