import { AuthorityLost } from '#core/people/authority.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { checkCall } from '#http/guard.ts';
import { withLargeBody } from '#http/large-bodies.ts';
import { type BodyRead, fitJson, fitQuery, isMediaType, isProblem, parseJson, readBody } from '#http/parse.ts';
import { type Problem, problem } from '#http/problem.ts';
import type { ApiRoute } from '#http/route.ts';
import { clientOf, type RequestContext, type ServerContext } from '#http/server-context.ts';
import { jsonResponse, problemResponse } from './answer.ts';
import { checkApiKey, isApiKeyGuard } from './api-key-guard.ts';

/**
 * Answers an API call in this order: query, client, body, guard, handler. Each step can refuse.
 *
 * The guard runs only after the whole body has arrived, so a caller who delays the last byte is checked against the
 * state at that later time. Errors in the body are reported only after the guard has accepted the caller.
 */
export async function answerCall(
  server: ServerContext,
  route: ApiRoute,
  context: RequestContext,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const query = readQuery(route, context);
  if (isProblem(query)) return problemResponse(server, context, query);
  const client = clientOf(server, context, undefined);
  if (isProblem(client)) return problemResponse(server, context, client);
  if (route.bodyBytes !== undefined) {
    // Who may send a large body is asked before it is read, and again after its last byte.
    const refused = await checkGuard(server, route, context);
    if (isRefusal(refused)) return problemResponse(server, context, refused);
    const answer = await withLargeBody(server, 'ours', () =>
      answerRead(server, route, context, { client, params, query }),
    );
    return answer instanceof Response ? answer : problemResponse(server, context, answer);
  }
  return answerRead(server, route, context, { client, params, query });
}

type Read = {
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  readonly query: { readonly value: unknown };
};

async function answerRead(
  server: ServerContext,
  route: ApiRoute,
  context: RequestContext,
  { client, params, query }: Read,
): Promise<Response> {
  const { env } = server;
  const body =
    route.method === 'GET' ? undefined : await readBody(context.request, context.arrival.incoming, route.bodyBytes);
  const found = await checkGuard(server, route, context);
  if (isRefusal(found)) return problemResponse(server, context, found);
  const idempotencyKey = readIdempotencyKey(route, context);
  if (typeof idempotencyKey === 'object') return problemResponse(server, context, idempotencyKey);
  const input = body === undefined ? NO_INPUT : readInput(route, context, body);
  if (isProblem(input)) return problemResponse(server, context, input);
  // Cast boundary between the erased table and the typed declaration: the steps above validated every part.
  const call = { env, client, params, query: query.value, input: input.value, idempotencyKey, ...found } as never;
  const answer = await handle(route, call);
  return isRefusal(answer) ? problemResponse(server, context, answer) : jsonResponse(server, context, answer);
}

function checkGuard(
  server: ServerContext,
  { guard }: ApiRoute,
  { request }: RequestContext,
): Promise<object | Refusal> {
  const authorization = request.headers.get('authorization');
  return isApiKeyGuard(guard) ? checkApiKey(server, guard, authorization) : checkCall(server.env, guard, authorization);
}

/** If the caller lost the right after the guard's check and before the act began, the answer is the guard's refusal. */
async function handle(route: ApiRoute, call: never): Promise<unknown> {
  try {
    return await route.handle(call);
  } catch (error) {
    if (error instanceof AuthorityLost) return error.refusal;
    throw error;
  }
}

const NO_INPUT = { value: undefined };

/** The validated query. A call without a declared query accepts no parameters. */
function readQuery(route: ApiRoute, { search }: RequestContext): { readonly value: unknown } | Problem {
  if (route.query !== undefined) return fitQuery(route.query, search);
  if (search.length <= 1) return NO_INPUT;
  return problem('invalid_request', { detail: 'This call takes no query parameters.' });
}

// Visible ASCII, because keys are compared byte by byte and two different ones must not look alike.
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The caller's idempotency key, if the call accepts one. */
function readIdempotencyKey({ idempotent }: ApiRoute, { request }: RequestContext): string | undefined | Problem {
  const name = idempotent ? (request.headers.get('idempotency-key') ?? undefined) : undefined;
  if (name === undefined || IDEMPOTENCY_KEY.test(name)) return name;
  return problem('invalid_request', { detail: 'Idempotency-Key has to be 1 to 255 visible ASCII characters.' });
}

/** The validated body. A call without a declared body accepts nothing or `{}`. */
function readInput(
  route: ApiRoute,
  { request }: RequestContext,
  body: BodyRead,
): { readonly value: unknown } | Problem {
  if (isProblem(body)) return body;
  if (route.body === undefined && body.bytes.length === 0) return NO_INPUT;
  if (!isMediaType(request.headers.get('content-type'), 'application/json')) return problem('unsupported_media_type');
  const json = parseJson(body.bytes);
  if (isProblem(json)) return json;
  if (route.body !== undefined) return fitJson(route.body, json.value);
  return isEmptyObject(json.value) ? NO_INPUT : problem('invalid_request', { detail: 'This call takes no fields.' });
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
