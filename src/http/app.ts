import { IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Env } from '#env.ts';
import { jsonResponse, problemResponse } from '#http/api/answer.ts';
import { answerCall } from '#http/api/answer-call.ts';
import { answerPage } from '#http/pages/answer-page.ts';
import { browserOf, refusalPage, replyResponse } from '#http/pages/page-answer.ts';
import { answerProtocol } from '#http/protocols/answer-protocol.ts';
import { siteOf } from '#http/protocols/site.ts';
import { answerBrandFile, BRAND_PATHS } from '#http/server/brand-files.ts';
import { readiness } from '#http/server/health.ts';
import { createOperatorWatch } from '#http/server/operator-watch.ts';
import { checkRaw, isForAnyHost } from '#http/server/raw-checks.ts';
import { answerRaw, answerUnreadable, refuseConnect } from '#http/server/raw-response.ts';
import { requestIdOf } from '#http/server/request-id.ts';
import { answerFile } from '#http/server/static.ts';
import { answers, requests } from '#signals.ts';
import { StorageUnavailable } from '#store/engine/database.ts';
import { freshenSettings } from '#store/instance/fresh.ts';
import { assets } from '#ui/assets.ts';
import { openApiDocument } from '#wire/openapi.ts';
import type { Arrival } from './client.ts';
import { cookieNames } from './cookie.ts';
import { checkPage } from './guard.ts';
import { headerSets } from './headers.ts';
import { readParams } from './parse.ts';
import { methodNotAllowed, type Problem, problem } from './problem.ts';
import type { AnyGuard, PageRoute, Route } from './route.ts';
import { contextOf, noLargeBodies, type RequestContext, type ServerContext } from './server-context.ts';

export type App = {
  /** Answers a request without a socket: for tests, and for requests that passed the raw checks. */
  fetch(request: Request, arrival?: Arrival): Promise<Response>;
  /** For `node:http`: runs the raw checks, then `fetch`. */
  listener(incoming: IncomingMessage, outgoing: ServerResponse): void;
  /** Answers bytes that Node could not parse as a request, and closes the connection. */
  unreadable(error: Error, socket: Duplex): void;
  /** Refuses CONNECT, because this server is not a proxy. */
  refuseConnect(socket: Duplex): void;
  /** `/readyz` and connection closing depend on it. The code that stops the server sets it. */
  readonly shutdownState: ServerContext['shutdownState'];
};

/** Creates the HTTP application. It also registers static files, health checks and the OpenAPI document. */
export function createApp(env: Env, routes: readonly Route[]): App {
  const site = siteOf(env.config);
  const server: ServerContext = {
    env,
    site,
    cookieNames: cookieNames(site),
    headers: headerSets(site),
    pages: new Map(routes.filter(isShownPage).map((route) => [route.path, route])),
    watch: createOperatorWatch(env),
    shutdownState: { isLeaving: false, endsConnections: false, clockJumped: () => false },
    allowances: new Map(),
    ...{ formsUnderWay: new Map(), largeBodies: noLargeBodies() },
  };
  const hono = new Hono<HonoTypes>();
  addRoutes(hono, server, routes);
  addOwnRoutes(hono, server, routes);
  hono.notFound((c) => answerUnmatched(hono, server, c.env));
  hono.onError((error, c) => answerBroken(server, c.env, error));
  const fetch = async (request: Request, arrival: Arrival = {}): Promise<Response> => {
    const startedAt = performance.now();
    const isFromProxy = env.config.trustedProxies > 0;
    const context = contextOf(request, arrival, requestIdOf(env, request.headers.get('x-request-id')), isFromProxy);
    const response = await requests.around(context, async () => hono.fetch(request, context));
    writeAccessLog(env, context, response.status, performance.now() - startedAt);
    return response;
  };
  const answer = getRequestListener((request, arrival) => fetch(request, arrivalOf(arrival)), {
    // A health check may have no Host header. The raw checks refuse other requests without one.
    hostname: 'localhost',
    errorHandler: (error) => answerUncaught(server, error),
  });
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (server.shutdownState.endsConnections) outgoing.setHeader('connection', 'close');
    const refusal = checkRaw(incoming, site);
    watchHost(server, incoming, refusal);
    if (refusal === undefined) void answer(incoming, outgoing);
    else answerRaw(server, incoming, outgoing, refusal);
  };
  return { fetch, listener, ...rawAnswers(server), shutdownState: server.shutdownState };
}

function rawAnswers(server: ServerContext): Pick<App, 'unreadable' | 'refuseConnect'> {
  return {
    unreadable: (error, socket) => answerUnreadable(server, error, socket),
    refuseConnect: (socket) => refuseConnect(server, socket),
  };
}

/** A request for an unknown host is a stranger's mistake, or a wrong setting if none for our host arrives. */
function watchHost({ watch }: ServerContext, { url = '', headers }: IncomingMessage, refusal?: Problem): void {
  if (refusal?.refused === 'misdirected_request') watch.note('host_unknown', headers.host);
  else if (refusal === undefined && !isForAnyHost(url)) watch.clear('host_unknown');
}

export type RouteRow = { readonly method: string; readonly path: string; readonly guard: AnyGuard };

/** Every route, also static files, health and the document. `sallyport routes` prints it; a test checks each guard. */
export function routeTable(routes: readonly Route[]): readonly RouteRow[] {
  const declared = routes.flatMap((route) =>
    methodsOf(route).map((method) => ({ method, path: route.path, guard: route.guard })),
  );
  return [...declared, ...OWN_PATHS.map((path) => ({ method: 'GET', path, guard: 'public' as const }))];
}

const OPEN_API_PATH = '/api/v1/openapi.json';
const ASSETS_PATH = '/assets/:file';
const HEALTH_PATHS = ['/healthz', '/readyz'];
const OWN_PATHS = [...HEALTH_PATHS, OPEN_API_PATH, ASSETS_PATH, ...BRAND_PATHS];

type HonoTypes = { Bindings: RequestContext };
type Router = Hono<HonoTypes>;

function isShownPage(route: Route): route is PageRoute {
  return route.channel === 'page' && route.method === 'GET';
}

function addRoutes(hono: Router, server: ServerContext, routes: readonly Route[]): void {
  for (const route of routes) {
    const hasParams = route.path.includes(':');
    hono.on(methodsOf(route), [route.path], (c: Context<HonoTypes>) => {
      c.env.route = route.path;
      const params = hasParams ? readParams(c.req.param()) : NO_PARAMS;
      if (params === undefined) return answerUnmatched(hono, server, c.env);
      return freshenSettings(server.env).then(() => answerRoute(server, route, c.env, params));
    });
  }
}

function methodsOf(route: Route): string[] {
  return route.channel === 'protocol' ? [...route.methods] : [route.method];
}

function answerRoute(
  server: ServerContext,
  route: Route,
  context: RequestContext,
  params: Readonly<Record<string, string>>,
) {
  switch (route.channel) {
    case 'api':
      return answerCall(server, route, context, params);
    case 'page':
      return answerPage(server, route, context, params);
    case 'protocol':
      return answerProtocol(server, route, context, params);
  }
}

const NO_PARAMS = {};

function addOwnRoutes(hono: Router, server: ServerContext, routes: readonly Route[]): void {
  const { env } = server;
  const own = (path: string, answer: (c: Context<HonoTypes>) => Response | Promise<Response>): void => {
    // Some load balancers send OPTIONS to the health checks and read the status.
    hono.on(HEALTH_PATHS.includes(path) ? ['GET', 'OPTIONS'] : ['GET'], [path], (c) => {
      c.env.route = path;
      c.env.quiet = true;
      return answer(c);
    });
  };
  own('/healthz', (c) => jsonResponse(server, c.env, { status: 'ok', reasons: [] }));
  own('/readyz', async (c) => {
    const { ready, ...more } = await readiness(server);
    return jsonResponse(server, c.env, { status: ready ? 'ready' : 'unavailable', ...more }, ready ? 200 : 503);
  });
  own(OPEN_API_PATH, (c) => {
    const document = openApiDocument(routes, { name: env.brand().name, publicUrl: env.config.publicUrl });
    return jsonResponse(server, c.env, document);
  });
  own(ASSETS_PATH, (c) => {
    const file = assets().get(c.req.param('file') ?? '');
    return file === undefined ? answerUnmatched(hono, server, c.env) : answerFile(server, c.env, file);
  });
  for (const path of BRAND_PATHS) {
    own(path, async (c) => (await answerBrandFile(server, c.env)) ?? answerMissing(server, c.env));
  }
}

/** 405 if the path exists with another method, otherwise 404. */
async function answerUnmatched(hono: Router, server: ServerContext, context: RequestContext): Promise<Response> {
  const isKnown = (method: string, path: string) => hono.router.match(method, path)[0].length > 0;
  const plain = withoutSlash(context);
  if (plain !== undefined && isKnown('GET', plain)) {
    return replyResponse(server, context, { status: 308, location: plain + context.search, cookies: [] });
  }
  const methods = ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'].filter((method) => isKnown(method, context.pathname));
  if (methods.length === 0 || methods.includes(context.request.method)) {
    return answerMissing(server, context);
  }
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return refuse(server, context, methodNotAllowed(context.request.method, allow));
}

/** The address of a page without a trailing slash, which a person or a mail program added. */
function withoutSlash({ request: { method }, pathname }: RequestContext): string | undefined {
  if ((method !== 'GET' && method !== 'HEAD') || pathname.startsWith('/api/') || pathname.startsWith('//'))
    return undefined;
  let end = pathname.length;
  while (pathname[end - 1] === '/') end--;
  return end > 0 && end < pathname.length ? pathname.slice(0, end) : undefined;
}

/** For a signed-in person, the page for an unknown address has Sign out like any other. */
async function answerMissing(server: ServerContext, context: RequestContext): Promise<Response> {
  if (context.pathname.startsWith('/api/')) return problemResponse(server, context, problem('not_found'));
  const browser = browserOf(server, context);
  const visit = { guard: 'public', isPost: false, target: context.pathname, canReturn: false } as const;
  const verdict = browser && (await checkPage(server.env, visit, browser.cookies));
  return refusalPage(server, context, problem('not_found'), verdict?.kind === 'granted' ? verdict.found : {});
}

/** A bug, or unavailable storage. The log has the details, the answer does not. */
function answerBroken(server: ServerContext, context: RequestContext, error: Error): Response {
  server.env.log.error({ err: error, requestId: context.requestId, route: context.route }, 'request failed');
  const code = error instanceof StorageUnavailable ? 'temporarily_unavailable' : 'internal_error';
  return refuse(server, context, problem(code));
}

/** Nothing about the request is known here: its Host makes no valid URL, or answering an earlier failure failed. */
function answerUncaught(server: ServerContext, error: unknown): Response {
  const context = { requestId: server.env.newId() };
  if (error instanceof RequestError) return problemResponse(server, context, problem('invalid_request'));
  server.env.log.error({ err: error, ...context }, 'request failed');
  return problemResponse(server, context, problem('internal_error'));
}

/** A program gets a problem document, a person gets a page. */
function refuse(server: ServerContext, context: RequestContext, refusal: Problem): Response {
  const answer = context.pathname.startsWith('/api/') ? problemResponse : refusalPage;
  return answer(server, context, refusal);
}

/** The listener's type allows HTTP/2, but our server never uses it. */
function arrivalOf({ incoming }: { readonly incoming: object }): Arrival {
  return incoming instanceof IncomingMessage ? { incoming } : {};
}

function writeAccessLog({ log }: Env, context: RequestContext, status: number, milliseconds: number): void {
  const { request, route, requestId } = context;
  const line = { method: request.method, route, status, ms: Math.round(milliseconds * 100) / 100, requestId };
  if (answers.isHeard()) answers.tell({ method: request.method, route, status, milliseconds });
  if (context.quiet) log.debug(line, 'request');
  else log.info(line, 'request');
}
