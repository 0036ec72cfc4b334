import type { Client } from '#core/sessions/client.ts';
import { tokenHash } from '#core/values/token.ts';
import { problemResponse } from '#http/api/answer.ts';
import { checkPage, type Found } from '#http/guard.ts';
import { type Browser, browserOf, drawView, localeOf, pageResponse, refusalPage } from '#http/pages/page-answer.ts';
import { isProblem, readBody } from '#http/parse.ts';
import { type Problem, problem } from '#http/problem.ts';
import type { ProtocolReply, ProtocolRoute, RawReply } from '#http/route.ts';
import { isForProtectedHosts } from '#http/server/raw-checks.ts';
import { clientOf, type RequestContext, type ServerContext } from '#http/server-context.ts';

/**
 * Answers a request by the rules of its protocol, without our origin check and form token. Every change here is bound
 * to a secret of the caller or to a row of its own.
 */
export async function answerProtocol(
  server: ServerContext,
  route: ProtocolRoute,
  context: RequestContext,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const browser = browserOf(server, context);
  if (browser === undefined) return refusalPage(server, context, problem('invalid_request'));
  const client = clientFor(server, route, context);
  if (isProblem(client)) return problemResponse(server, context, client);
  const { method } = context.request;
  const isBodyless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const body = isBodyless ? { bytes: Buffer.alloc(0) } : await readBody(context.request, context.arrival.incoming);
  if (isProblem(body)) return problemResponse(server, context, body);
  const found = await findIn(server, context, browser);
  const reply = await route.handle({
    env: server.env,
    request: context.request,
    arrival: context.arrival,
    params,
    search: context.search,
    body: body.bytes,
    client: { ...client, locale: localeOf(context, browser) },
    // Getters, because the check that a proxy makes for each request to a portal needs neither.
    get view() {
      return drawView(server, context, browser, 'public', found);
    },
    get browser() {
      return tokenHash(`${browser.formCookie}\n${client.userAgent ?? ''}`);
    },
    session: found.session,
    pending: found.pending,
  });
  return isRaw(reply) ? rawResponse(server, context, reply) : pageResponse(server, context, browser, reply);
}

/** A proxy's check needs no client address, because it changes nothing. Its headers count only if it is trusted. */
function clientFor(server: ServerContext, route: ProtocolRoute, context: RequestContext): Client | Problem {
  const client = clientOf(server, context, undefined);
  if (route.guard !== 'trustedProxy') return client;
  if (server.env.config.trustedProxies === 0) {
    server.watch.note('forward_auth_untrusted');
    return problem('invalid_request', { detail: 'No proxy is trusted: set SALLYPORT_TRUSTED_PROXIES.' });
  }
  return isProblem(client)
    ? { requestId: context.requestId, address: undefined, userAgent: undefined, deviceToken: undefined }
    : client;
}

async function findIn({ env }: ServerContext, context: RequestContext, browser: Browser): Promise<Found> {
  const visit = { guard: 'public', isPost: false, target: context.pathname, canReturn: false } as const;
  const verdict = await checkPage(env, visit, browser.cookies);
  return verdict.kind === 'granted' ? verdict.found : {};
}

function isRaw(reply: ProtocolReply): reply is RawReply {
  return 'raw' in reply;
}

/** The response for a program. A browser never renders it, and it is not cached unless the protocol says so. */
function rawResponse(
  { headers }: ServerContext,
  { requestId, pathname }: RequestContext,
  { status, headers: own, raw }: RawReply,
): Response {
  const all: Record<string, string> = { ...headers.api, 'x-request-id': requestId, ...own };
  // The protected host itself decides whether it needs https.
  if (isForProtectedHosts(pathname)) delete all['strict-transport-security'];
  return new Response(status === 204 || status === 304 || raw === '' ? null : raw, { status, headers: all });
}
