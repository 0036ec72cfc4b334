import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answers } from '#signals.ts';
import type { House } from './house.ts';
import { type Problem, type ProblemCode, problem, problemBody, problemHeaders, statusOf } from './problem.ts';
import { requestIdOf } from './request-id.ts';

/** A refusal of the raw checks: nothing of the request is read any further, so the connection ends with it. */
export function answerRaw(
  { env, headers }: House,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  refusal: Problem,
): void {
  const requestId = requestIdOf(env, incoming.headers['x-request-id']);
  const status = statusOf(refusal.refused);
  env.log.info({ method: incoming.method, route: 'none', status, requestId }, 'request');
  if (answers.isHeard()) answers.tell({ method: incoming.method, route: 'none', status });
  const body = problemBody(refusal, requestId);
  outgoing.writeHead(status, {
    ...headers.api,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...problemHeaders(refusal),
    connection: 'close',
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

/** A request that Node could not read to its end: answered by hand, because no response object exists. */
export function answerUnreadable(error: Error, socket: Duplex, requestId: string): void {
  if (!socket.writable || hasAnswered(socket) || codeOf(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const refusal = problem(REFUSALS[codeOf(error)] ?? 'invalid_request');
  endWith(socket, refusal, requestId);
}

/** CONNECT never becomes a request of ours. */
export function refuseConnect(socket: Duplex, requestId: string): void {
  endWith(socket, problem('method_not_allowed', { allow: ['GET', 'HEAD', 'POST', 'DELETE'] }), requestId);
}

const REFUSALS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

function endWith(socket: Duplex, refusal: Problem, requestId: string): void {
  const status = statusOf(refusal.refused);
  const body = problemBody(refusal, requestId);
  const headers = {
    ...problemHeaders(refusal),
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Bytes of an answer are on their way: more of them would be read as part of it. Node's own handler looks the same way. */
function hasAnswered(socket: Duplex): boolean {
  const message: unknown = '_httpMessage' in socket ? socket._httpMessage : undefined;
  return typeof message === 'object' && message !== null && 'headersSent' in message && message.headersSent === true;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
