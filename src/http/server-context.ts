import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import type { Allowances } from '#http/api/api-key-guard.ts';
import type { Site } from '#http/protocols/site.ts';
import type { OperatorWatch } from '#http/server/operator-watch.ts';
import { isForProtectedHosts } from '#http/server/raw-checks.ts';
import { type Arrival, clientAddress } from './client.ts';
import type { CookieNames } from './cookie.ts';
import type { HeaderSets } from './headers.ts';
import { type Problem, problem } from './problem.ts';
import type { PageRoute } from './route.ts';

/** The data that answering needs, created once from the environment and the routes. */
export type ServerContext = {
  readonly env: Env;
  readonly site: Site;
  readonly cookieNames: CookieNames;
  readonly headers: HeaderSets;
  /** The GET pages by path. The page of a form with a stale token is shown again. */
  readonly pages: ReadonlyMap<string, PageRoute>;
  readonly watch: OperatorWatch;
  readonly shutdownState: ShutdownState;
  /** The remaining requests of each API key. */
  readonly allowances: Allowances;
  /** The forms that are being answered, by their idempotency keys. */
  readonly formsUnderWay: Map<string, UnderWay>;
  readonly largeBodies: LargeBodies;
};

/** How many large bodies are being read or worked on, and who waits to be next. */
type Turns = { now: number; readonly waiting: (() => void)[] };
/** Partners have turns of their own, so that their slow uploads cannot keep staff and programs waiting. */
export type LargeBodies = { readonly ours: Turns; readonly partners: Turns };

export function noLargeBodies(): LargeBodies {
  return { ours: { now: 0, waiting: [] }, partners: { now: 0, waiting: [] } };
}

/** A form that is being answered. If the same form is sent again meanwhile, that request waits for it. */
export type UnderWay = { readonly answer: Promise<FormAnswer>; isTaken: boolean };

export type FormAnswer = { readonly status: number; readonly headers: Headers; readonly body: string };

/** The steps of a shutdown: `/readyz` warns the load balancer, connections close, then the process stops listening. */
export type ShutdownState = {
  /** `/readyz` answers 503, so that the load balancer sends new requests elsewhere. */
  isLeaving: boolean;
  /** Each answer closes its connection. */
  endsConnections: boolean;
  /** Whether the clock of this process jumped recently. */
  clockJumped: () => boolean;
};

/** One request while it is being answered. */
export type RequestContext = {
  readonly request: Request;
  readonly arrival: Arrival;
  readonly requestId: string;
  /** Whether a trusted proxy wrote its headers. */
  readonly isFromProxy: boolean;
  readonly pathname: string;
  /** With its question mark, or empty. */
  readonly search: string;
  /** The pattern of the answering route, for the log. A raw path can contain a token. */
  route: string;
  /** The request of another program that this tab signs in for: see `resume.ts`. */
  resume: string | undefined;
  /** Whether the access log shows it only at debug level. */
  quiet: boolean;
};

export function contextOf(request: Request, arrival: Arrival, requestId: string, isFromProxy: boolean): RequestContext {
  const { url } = request;
  // `https://host/path?query`: the host is already checked, so positions are enough and no URL is parsed.
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const query = url.indexOf('?', start);
  return {
    request,
    arrival,
    requestId,
    isFromProxy,
    pathname: query === -1 ? url.slice(start) : url.slice(start, query),
    search: query === -1 ? '' : url.slice(query),
    route: 'none',
    resume: undefined,
    quiet: false,
  };
}

/** Long enough for every browser, short enough for a log line and a row. */
const MAX_USER_AGENT_LENGTH = 512;

export function clientOf(
  server: ServerContext,
  context: RequestContext,
  deviceToken: string | undefined,
): Client | Problem {
  const { headers } = context.request;
  const { trustedProxies } = server.env.config;
  // For a protected host, the header contains the scheme of that host.
  if (!isForProtectedHosts(context.pathname)) watchForwarded(server, headers);
  const forwardedFor = headers.get('x-forwarded-for');
  const found = clientAddress(peerOf(context.arrival), forwardedFor, trustedProxies);
  if ('unknown' in found) {
    const isMissing = (forwardedFor ?? '').split(',').filter((entry) => entry.trim() !== '').length < trustedProxies;
    server.watch.note(isMissing ? 'forwarded_for_missing' : 'forwarded_for_unreadable', forwardedFor ?? undefined);
    return problem('invalid_request', { detail: 'X-Forwarded-For does not name the client.' });
  }
  const userAgent = headers.get('user-agent')?.slice(0, MAX_USER_AGENT_LENGTH);
  const socket = context.arrival.incoming?.socket;
  const hasLeft = socket && (() => socket.destroyed);
  return { requestId: context.requestId, address: found.address, userAgent, deviceToken, ...(hasLeft && { hasLeft }) };
}

function peerOf(arrival: Arrival): string | undefined {
  return arrival.remoteAddress ?? arrival.incoming?.socket.remoteAddress;
}

function watchForwarded({ env, site, watch }: ServerContext, headers: Request['headers']): void {
  const { trustedProxies } = env.config;
  if (trustedProxies === 0) {
    if (FORWARDED.some((name) => headers.has(name))) watch.note('forwarded_header_ignored');
    return;
  }
  const scheme = headers.get('x-forwarded-proto')?.split(',').at(-trustedProxies)?.trim().toLowerCase();
  if (scheme === undefined) return;
  if (scheme === (site.https ? 'https' : 'http')) watch.clear('forwarded_proto_differs');
  else watch.note('forwarded_proto_differs', scheme);
}

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];
