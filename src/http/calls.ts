import { isRefusal } from '#core/result.ts';
import { jsonResponse, problemResponse } from './answer.ts';
import { checkCall } from './guard.ts';
import { type Ask, clientOf, type House } from './house.ts';
import { fitJson, isMediaType, isProblem, parseJson, readBody } from './parse.ts';
import { type Problem, problem } from './problem.ts';
import type { ApiRoute } from './route.ts';

/** The longest way of the API: query, client, guard, body, handler; each can only say no and end it. */
export async function answerCall(
  house: House,
  route: ApiRoute,
  ask: Ask,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const { env } = house;
  if (ask.search.length > 1) {
    return problemResponse(house, ask, problem('invalid_request', { detail: 'This call takes no query parameters.' }));
  }
  const client = clientOf(house, ask, undefined);
  if (isProblem(client)) return problemResponse(house, ask, client);
  const found = await checkCall(env, route.guard, ask.request.headers.get('authorization'));
  if (isRefusal(found)) return problemResponse(house, ask, found);
  const input = route.method === 'GET' ? NO_INPUT : await readInput(route, ask);
  if (isProblem(input)) return problemResponse(house, ask, input);
  // The door between the erased table and the typed declaration: `checkCall` and `readInput` proved what it says.
  const call = { env, client, params, query: NO_QUERY, input: input.value, ...found } as never;
  const answer = await route.handle(call);
  return isRefusal(answer) ? problemResponse(house, ask, answer) : jsonResponse(house, ask, answer);
}

const NO_QUERY = new URLSearchParams();
const NO_INPUT = { value: undefined };

/** The validated body; a call without one takes nothing or `{}`. */
async function readInput(route: ApiRoute, { request, arrival }: Ask): Promise<{ readonly value: unknown } | Problem> {
  const body = await readBody(request, arrival.incoming);
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
