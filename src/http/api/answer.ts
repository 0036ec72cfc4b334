import { type Problem, problemBody, problemHeaders, statusOf } from '#http/problem.ts';
import type { RequestContext, ServerContext } from '#http/server-context.ts';

/** A refusal for a program (RFC 9457). */
export function problemResponse(
  { headers }: ServerContext,
  { requestId }: Pick<RequestContext, 'requestId'>,
  refusal: Problem,
): Response {
  return new Response(problemBody(refusal, requestId), {
    status: statusOf(refusal.refused),
    headers: {
      ...headers.api,
      'content-type': 'application/problem+json',
      'x-request-id': requestId,
      ...problemHeaders(refusal),
    },
  });
}

/** The answer of a successful call; 204 if there is no value. */
export function jsonResponse(
  { headers }: ServerContext,
  { requestId }: RequestContext,
  value: unknown,
  status = 200,
): Response {
  if (value === undefined)
    return new Response(null, { status: 204, headers: { ...headers.api, 'x-request-id': requestId } });
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...headers.api, 'content-type': 'application/json', 'x-request-id': requestId },
  });
}
