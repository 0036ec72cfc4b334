import { readHueSheet } from '#core/brand/brand.ts';
import { partnerBrand } from '#core/brand/look.ts';
import { pathOn, type SiteRules } from '#core/portals/forward-auth.ts';
import { isLoopback, originOf, readHost, readScheme, type Scheme } from '#core/portals/protected-host.ts';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { isTokenShaped } from '#http/cookie.ts';
import { isOwnOrigin } from '#http/pages/form.ts';
import { problem } from '#http/problem.ts';
import { sitePage, siteProblem } from '#http/protocols/site-answer.ts';
import { readSiteCookie, setSiteCookie } from '#http/protocols/site-cookie.ts';
import { type ProtocolCall, protocol, type RawReply, type Route } from '#http/route.ts';
import { findSite } from '#store/forward-auth/sites.ts';
import { findSiteLook } from '#store/partners/looks.ts';
import { assets, hueSheet } from '#ui/assets.ts';
import type { View } from '#ui/view.ts';
import { findSignedIn } from './check.ts';
import { isTicketWaiting, useTicket } from './enter.ts';
import { siteCookiesOffPage, siteSignedOutPage, siteSignOutPage } from './pages.ts';

const SIGN_OUT_PATH = '/.sallyport/sign-out';

/** Our own paths on a protected host. Its proxy passes them to us without a check. */
export const siteRoutes: readonly Route[] = [
  protocol({ methods: ['GET'], path: '/.sallyport/return', guard: 'public', handle: onSite(arrive) }),
  protocol({ methods: ['GET'], path: SIGN_OUT_PATH, guard: 'public', handle: onSite(showSignOut) }),
  protocol({ methods: ['POST'], path: SIGN_OUT_PATH, guard: 'public', handle: onSite(endSession) }),
  protocol({ methods: ['GET'], path: '/.sallyport/style.css', guard: 'public', handle: () => styles(commonStyle()) }),
  protocol({
    methods: ['GET'],
    path: '/.sallyport/brand.css',
    guard: 'public',
    handle: ({ env, search }) => styles(hueSheet(readHueSheet(search) ?? { hue: env.brand().hue, of: 'hue' }).bytes),
  }),
];

/** A request on a protected host, with the browser's cookie there. */
type Here = {
  readonly site: SiteRules;
  readonly scheme: Scheme;
  readonly origin: string;
  readonly cookie: string | undefined;
};

function onSite(handle: (call: ProtocolCall, here: Here) => Promise<RawReply>) {
  return async (call: ProtocolCall): Promise<RawReply> => {
    const { env, request } = call;
    const { headers } = request;
    const isBehindProxy = env.config.trustedProxies > 0;
    const forwarded = (name: string) => (isBehindProxy ? headers.get(name) : null);
    const host = readHost(forwarded('x-forwarded-host') ?? new URL(request.url).host);
    const site = host === undefined ? undefined : await findSite(env.db.read, host);
    if (site === undefined) return refusal(call, 'misdirected_request');
    const scheme = schemeOf(site, forwarded('x-forwarded-proto'));
    const cookie = readSiteCookie(headers.get('cookie'), site.host, scheme);
    if (cookie === 'doubled') return refusal(call, 'invalid_request');
    return handle(call, { site, scheme, origin: originOf(site.host, scheme), cookie: cookie.token });
  };
}

function schemeOf({ host }: SiteRules, forwarded: string | null): Scheme {
  if (!isLoopback(host)) return 'https';
  return (forwarded === null ? undefined : readScheme(forwarded)) ?? 'http';
}

/**
 * The browser arrives with its ticket. If the ticket is not valid, the browser goes to the page itself: a live cookie
 * opens it, and without one the proxy starts the sign-in again.
 */
async function arrive(call: ProtocolCall, { site, scheme, origin, cookie }: Here): Promise<RawReply> {
  const { env, client, search } = call;
  const query = new URLSearchParams(search);
  const location = origin + pathOn(query.get('to') ?? '/');
  const ticket = query.get('ticket') ?? '';
  if (!isTokenShaped(ticket)) return to(location);
  if (cookie === undefined) {
    // Starting again would lead back here in an endless loop.
    return (await isTicketWaiting(env, ticket, site.host))
      ? sitePage(siteCookiesOffPage(await viewOn(call, site), location), 400)
      : to(location);
  }
  const token = await useTicket(env, { ticket, site, cookie }, client);
  return token === undefined ? to(location) : to(location, setSiteCookie(site.host, scheme, token));
}

async function showSignOut(call: ProtocolCall, { site, cookie }: Here): Promise<RawReply> {
  const found = await findSignedIn(call.env, site.host, cookie);
  const view = await viewOn(call, site);
  return sitePage(found === undefined ? siteSignedOutPage(view) : siteSignOutPage(view), 200);
}

/** With the look of the partner that the host is for, if it is for one alone. */
async function viewOn({ env, view }: ProtocolCall, { partnerIds }: SiteRules): Promise<View> {
  return { ...view, brand: partnerBrand(env.brand(), await findSiteLook(env.db.read, partnerIds)) };
}

/** Ends the session everywhere. A form of the portal itself may do this, because it has the same origin. */
async function endSession(call: ProtocolCall, { site, scheme, origin, cookie }: Here): Promise<RawReply> {
  const { env, client, request } = call;
  const sent = { origin: request.headers.get('origin'), fetchSite: request.headers.get('sec-fetch-site') };
  if (!isOwnOrigin(sent, origin)) return refusal(call, 'forbidden');
  const found = await findSignedIn(env, site.host, cookie);
  if (found) await signOut(env, { id: found.sessionId, user: found.user }, client);
  return to(origin + SIGN_OUT_PATH, setSiteCookie(site.host, scheme, undefined));
}

function to(location: string, cookie?: string): RawReply {
  return { status: 303, headers: { location, ...(cookie !== undefined && { 'set-cookie': cookie }) }, raw: '' };
}

function refusal({ client }: ProtocolCall, refused: 'misdirected_request' | 'invalid_request' | 'forbidden'): RawReply {
  return siteProblem(problem(refused), client.requestId);
}

function commonStyle(): Buffer | undefined {
  return assets().get('style.css')?.bytes;
}

const STYLE_SECONDS = 60 * 60;

function styles(bytes: Buffer | undefined): RawReply {
  const headers = { 'content-type': 'text/css; charset=utf-8', 'cache-control': `public, max-age=${STYLE_SECONDS}` };
  return { status: 200, headers, raw: bytes?.toString() ?? '' };
}
