import { type AskedRequest, isUnaskable, pathOn, readAsked } from '#core/portals/forward-auth.ts';
import { hasSameName, readHost } from '#core/portals/protected-host.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { type Problem, problem } from '#http/problem.ts';
import { sitePage, siteProblem } from '#http/protocols/site-answer.ts';
import { readSiteCookie, setSiteCookie } from '#http/protocols/site-cookie.ts';
import { type ProtocolCall, protocol, type RawReply, type Route } from '#http/route.ts';
import { findSite } from '#store/forward-auth/sites.ts';
import { checkSite, noteVisit, type Verdict } from './check.ts';
import { identityHeaders } from './identity.ts';
import { siteRefusedPage } from './pages.ts';
import { visitAddress } from './visit.ts';

const ENVOY = '/forward-auth/envoy';

/** How the proxy learns where to send a browser. nginx treats a redirect as a failure. */
type Mode = 'nginx' | 'redirect' | 'envoy';

export const checkRoutes: readonly Route[] = [
  protocol({ methods: ['GET'], path: '/forward-auth/nginx', guard: 'trustedProxy', handle: asked('nginx') }),
  protocol({ methods: ['GET'], path: '/forward-auth/redirect', guard: 'trustedProxy', handle: asked('redirect') }),
  protocol({ methods: ['ALL'], path: `${ENVOY}/*`, guard: 'trustedProxy', handle: asked('envoy') }),
];

function asked(mode: Mode) {
  return async (call: ProtocolCall): Promise<RawReply> => {
    const request = mode === 'envoy' ? readEnvoy(call) : readForwarded(call);
    if (isUnaskable(request)) {
      const detail = `X-Forwarded-${request.header} ${request.fault}.`;
      return refuse(call, problem('invalid_request', { detail }));
    }
    if (!(await isOwnHost(call, request))) return refuse(call, problem('misdirected_request'));
    const cookie = readSiteCookie(call.request.headers.get('cookie'), request.host, request.scheme);
    if (cookie === 'doubled') return refuse(call, problem('invalid_request', { detail: 'A cookie came twice.' }));
    return answer(call, mode, { request, token: cookie.token }, await checkSite(call.env, request.host, cookie.token));
  };
}

function readForwarded({ request: { headers } }: ProtocolCall) {
  return readAsked({
    host: headers.get('x-forwarded-host'),
    proto: headers.get('x-forwarded-proto'),
    uri: headers.get('x-forwarded-uri'),
    method: headers.get('x-forwarded-method'),
    ...browserHeaders(headers),
  });
}

/** Envoy forwards the original request: its method, its Host, and its path behind ours. */
function readEnvoy({ request, search }: ProtocolCall) {
  const { headers, method, url } = request;
  const { host, pathname } = new URL(url);
  const forwardedHost = headers.get('x-forwarded-host');
  return readAsked({
    host: forwardedHost ?? host,
    proto: headers.get('x-forwarded-proto'),
    uri: (pathname.slice(ENVOY.length) || '/') + search,
    method,
    ...browserHeaders(headers),
  });
}

function browserHeaders(headers: Headers) {
  return { accept: headers.get('accept'), fetchMode: headers.get('sec-fetch-mode'), referer: headers.get('referer') };
}

/** The request must use our own name (with any internal port) or the name of a registered host. */
async function isOwnHost({ env, request: { url } }: ProtocolCall, { host }: AskedRequest): Promise<boolean> {
  const own = readHost(new URL(url).host);
  const ours = readHost(env.config.publicUrl.host);
  if (own === undefined || ours === undefined) return false;
  return own === host || hasSameName(own, ours) || (await findSite(env.db.read, own)) !== undefined;
}

type Checked = { readonly request: AskedRequest; readonly token: string | undefined };

async function answer(call: ProtocolCall, mode: Mode, checked: Checked, verdict: Verdict): Promise<RawReply> {
  const { request } = checked;
  switch (verdict.kind) {
    case 'granted':
      if (request.isNavigation) noteVisit(call.env, verdict.found);
      return { status: 200, headers: await identityHeaders(call.env, verdict.found), raw: '' };
    case 'unregistered':
      return refuse(call, problem('forbidden', { detail: 'This host is not registered: sallyport site add.' }));
    case 'otherPartner':
      return request.isNavigation ? sitePage(siteRefusedPage(call.view), 403) : refuse(call, problem('forbidden'));
    case 'signInFirst':
      return request.isNavigation ? signInFirst(call, mode, checked) : refuse(call, problem('sign_in_expired'));
  }
}

/** Redirects the browser to us. An existing cookie stays, because several tabs begin at once after a restart. */
function signInFirst({ env }: ProtocolCall, mode: Mode, { request, token }: Checked): RawReply {
  const { host, scheme, isSafe, returnUri } = request;
  const browser = token ?? newToken(env.random);
  const location = visitAddress(env, { host, scheme, path: pathOn(returnUri), siteBrowser: tokenHash(browser) });
  const cookie = token === undefined ? { 'set-cookie': setSiteCookie(host, scheme, browser) } : {};
  const redirect = isSafe ? 302 : 303;
  return { status: mode === 'nginx' ? 401 : redirect, headers: { location, ...cookie }, raw: '' };
}

function refuse({ client }: ProtocolCall, refusal: Problem): RawReply {
  return siteProblem(refusal, client.requestId);
}
