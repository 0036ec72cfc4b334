import { AuthorityLost } from '#core/people/authority.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { checkCall } from '#http/guard.ts';
import { type BodyRead, fitJson, fitQuery, isMediaType, isProblem, parseJson, readBody } from '#http/parse.ts';
import { type Problem, problem } from '#http/problem.ts';
import type { ApiRoute } from '#http/route.ts';
import { clientOf, type RequestContext, type ServerContext } from '#http/server-context.ts';
import { jsonResponse, problemResponse } from './answer.ts';
import { checkApiKey, isApiKeyGuard } from './api-key-guard.ts';

/**
 * The longest way of the API: query, client, body, guard, handler; each can only say no and end it.
 *
 * The body is here to its last byte before the guard asks: a caller who holds that byte back is judged by what is true
 * when it comes. What is wrong with the body is told only to callers who may send one.
 */
export async function answerCall(
  server: ServerContext,
  route: ApiRoute,
  context: RequestContext,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const { env } = server;
  const query = readQuery(route, context);
  if (isProblem(query)) return problemResponse(server, context, query);
  const client = clientOf(server, context, undefined);
  if (isProblem(client)) return problemResponse(server, context, client);
  const body = route.method === 'GET' ? undefined : await readBody(context.request, context.arrival.incoming);
  const found = await checkGuard(server, route, context);
  if (isRefusal(found)) return problemResponse(server, context, found);
  const idempotencyKey = readIdempotencyKey(route, context);
  if (typeof idempotencyKey === 'object') return problemResponse(server, context, idempotencyKey);
  const input = body === undefined ? NO_INPUT : readInput(route, context, body);
  if (isProblem(input)) return problemResponse(server, context, input);
  // Cast boundary between the erased table and the typed declaration: the checks and readers above proved what it says.
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

/** An act whose caller lost what the guard found, before it could begin, is answered as the guard would have. */
async function handle(route: ApiRoute, call: never): Promise<unknown> {
  try {
    return await route.handle(call);
  } catch (error) {
    if (error instanceof AuthorityLost) return error.refusal;
    throw error;
  }
}

const NO_INPUT = { value: undefined };

/** The validated query; a call that declares none takes none. */
function readQuery(route: ApiRoute, { search }: RequestContext): { readonly value: unknown } | Problem {
  if (route.query !== undefined) return fitQuery(route.query, search);
  if (search.length <= 1) return NO_INPUT;
  return problem('invalid_request', { detail: 'This call takes no query parameters.' });
}

// Visible ASCII: it is compared byte by byte, and nobody sees two that look alike.
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The name that the caller gives to one act, where the call takes one. */
function readIdempotencyKey({ idempotent }: ApiRoute, { request }: RequestContext): string | undefined | Problem {
  const name = idempotent ? (request.headers.get('idempotency-key') ?? undefined) : undefined;
  if (name === undefined || IDEMPOTENCY_KEY.test(name)) return name;
  return problem('invalid_request', { detail: 'Idempotency-Key has to be 1 to 255 visible ASCII characters.' });
}

/** The validated body; a call without one takes nothing or `{}`. */
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
