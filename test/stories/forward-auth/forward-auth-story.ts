import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { SiteRules } from '#core/portals/forward-auth.ts';
import { createSite } from '#store/forward-auth/sites.ts';
import { ANA } from '../../story.ts';
import { type Answer, browserAt, openWorld, type World } from '../../world.ts';

export const APP = 'app.example.com';
export const APP_ORIGIN = `https://${APP}`;
/** A browser's headers when it opens a page. */
export const NAVIGATION = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' };
/** A portal script's headers. */
export const SCRIPT = { accept: '*/*', 'sec-fetch-mode': 'cors' };

export const IDENTITY = ['user', 'email', 'name', 'partner', 'role', 'amr', 'acr'].map((name) => `x-sallyport-${name}`);

type Setting = {
  readonly site?: Partial<SiteRules>;
  readonly policy?: 'off' | 'optional' | 'required';
  readonly environment?: Readonly<Record<string, string>>;
};

/** A world behind one proxy, with a protected host and Ana, whose partner requires no second factor. */
export async function openPortal(t: Pick<TestContext, 'after'>, setting: Setting = {}) {
  const { policy = 'off', site = {} } = setting;
  const world = await openWorld(t, { environment: { SALLYPORT_TRUSTED_PROXIES: '1', ...setting.environment } });
  const { id: partnerId } = await world.addPartner({ policy });
  const ana = await world.addUser({ email: ANA, partnerId, name: 'Ana Müller' });
  await addSite(world, site);
  return { world, partnerId, ana, browser: openBrowser(world) };
}

export async function addSite({ env }: World, site: Partial<SiteRules> = {}): Promise<void> {
  const whole = { host: APP, acr: undefined, partnerIds: [], ...site };
  await env.db.transaction((tx) => createSite(tx, whole, env.now()));
}

type Proxy = {
  readonly mode?: 'nginx' | 'redirect';
  readonly method?: string;
  readonly headers?: Record<string, string>;
};
export type PortalBrowser = ReturnType<typeof openBrowser>;

/** A browser for our host and protected ones, with separate cookies for each. */
export function openBrowser(world: World, address = '192.0.2.7') {
  /** As behind a proxy, which names the client. */
  const fetch: World['app']['fetch'] = (request, arrival) => {
    request.headers.set('x-forwarded-for', address);
    return world.app.fetch(request, arrival);
  };
  const own = browserAt({ fetch }, address);
  const { jarOf, ask } = jarsOver(fetch);

  const visit = (url: string, proxy?: Proxy): Promise<Answer> => visitThrough(ask, url, proxy);

  /** One request to any host. */
  function open(url: string): Promise<Answer> {
    const { origin, pathname, search } = new URL(url, world.env.config.publicUrl.origin);
    return origin === world.env.config.publicUrl.origin ? own.get(pathname + search) : visit(url);
  }

  /** Follows redirects, and the page between a form and another origin, up to a page. Answers its address too. */
  async function follow(start: string): Promise<Answer & { readonly url: string; readonly hops: readonly string[] }> {
    const hops: string[] = [];
    let url = start;
    for (let hop = 0; hop < 12; hop++) {
      hops.push(url);
      const answer = await open(url);
      const next = answer.location ?? /http-equiv="refresh" content="0; url=([^"]+)"/.exec(answer.text)?.[1];
      if (next === undefined) return { ...answer, url, hops };
      url = new URL(next.replaceAll('&amp;', '&'), url).href;
    }
    throw new Error(`redirected for ever: ${hops.join('\n')}`);
  }

  /** Ana's password on the sign-in page of a visit. Answers the final page. */
  async function signInAt(url: string, email = ANA) {
    const page = await follow(url);
    const resume = new URL(page.url).searchParams.get('resume') ?? '';
    assert.match(resume, /^\/forward-auth\/continue\//);
    const { location } = await own.post('/sign-in', { email, password: 'lantern otter velvet 9', resume });
    assert(location, 'the sign-in leads on');
    return follow(new URL(location, world.env.config.publicUrl.origin).href);
  }

  return { own, visit, open, follow, signInAt, jarOf, ask };
}

/** Cookies of each host, and requests that carry them. */
function jarsOver(fetch: World['app']['fetch']) {
  const jars = new Map<string, Map<string, string>>();

  function jarOf(host: string): Map<string, string> {
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    return jar;
  }

  async function ask(path: string, host: string, init: RequestInit): Promise<Answer> {
    const cookie = [...jarOf(host)].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { 'user-agent': 'Browser/1', ...(cookie && { cookie }), ...Object(init.headers) };
    const response = await fetch(new Request(`https://${host}${path}`, { ...init, headers }));
    const lines = response.headers.getSetCookie();
    assert(lines.length <= 1, 'one Set-Cookie at most: nginx passes on the first');
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jarOf(host).delete(name);
      else jarOf(host).set(name, value);
    }
    const { status, headers: answered } = response;
    return {
      ...{ status, headers: answered, text: await response.text() },
      location: answered.get('location') ?? undefined,
    };
  }

  return { jarOf, ask };
}

type SendRequest = ReturnType<typeof jarsOver>['ask'];

/** A request to a protected host: its proxy passes our own paths on, and asks us about every other one. */
function visitThrough(
  ask: SendRequest,
  url: string,
  { mode = 'redirect', method = 'GET', headers = NAVIGATION }: Proxy = {},
): Promise<Answer> {
  const { host, pathname, search, protocol } = new URL(url);
  const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) };
  if (pathname.startsWith('/.sallyport/')) {
    return ask(pathname + search, host, { method, headers: { ...forwarded, ...headers } });
  }
  const more = { 'x-forwarded-uri': pathname + search, 'x-forwarded-method': method };
  return ask(`/forward-auth/${mode}`, host, { headers: { ...forwarded, ...more, ...headers } });
}
