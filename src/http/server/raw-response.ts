import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  methodNotAllowed,
  type Problem,
  type ProblemCode,
  problem,
  problemBody,
  problemHeaders,
  statusOf,
} from '#http/problem.ts';
import type { ServerContext } from '#http/server-context.ts';
import { negotiateLocale } from '#messages/locales.ts';
import { translator } from '#messages/messages.ts';
import { answers } from '#signals.ts';
import { barePage } from '#ui/layout.ts';
import { isOursWithDot } from './raw-checks.ts';
import { requestIdOf } from './request-id.ts';

/** Answers a refusal of the raw checks. The rest of the request is not read, so the connection closes. */
export function answerRaw(
  server: ServerContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  refusal: Problem,
): void {
  const { env } = server;
  const requestId = requestIdOf(env, incoming.headers['x-request-id']);
  const answer = rawAnswer(server, incoming, refusal, requestId);
  const { status, body } = answer;
  env.log.info({ method: incoming.method, route: 'none', status, requestId }, 'request');
  if (answers.isHeard()) answers.tell({ method: incoming.method, route: 'none', status });
  outgoing.writeHead(status, {
    ...answer.headers,
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...problemHeaders(refusal),
    connection: 'close',
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

/** A program gets a problem document; a person at a wrong address gets a page or a redirect to the right one. */
function rawAnswer(server: ServerContext, incoming: IncomingMessage, refusal: Problem, requestId: string) {
  const { method, url = '', headers } = incoming;
  const isAskedFor = (method === 'GET' || method === 'HEAD') && refusal.refused === 'misdirected_request';
  if (isAskedFor && isOursWithDot(incoming, server.site)) {
    return { status: 308, headers: { ...server.headers.page, location: `${server.site.origin}${url}` }, body: '' };
  }
  const isPage = isAskedFor && !url.startsWith('/api/') && headers.accept?.includes('text/html');
  const page = isPage ? rawRefusalPage(server, refusal.refused, headers['accept-language']) : undefined;
  return page === undefined ? problemAnswer(server, refusal, requestId) : pageAnswer(server, refusal, page);
}

function problemAnswer(server: ServerContext, refusal: Problem, requestId: string) {
  const headers = { ...server.headers.api, 'content-type': 'application/problem+json' };
  return { status: statusOf(refusal.refused), headers, body: problemBody(refusal, requestId) };
}

function pageAnswer(server: ServerContext, refusal: Problem, body: string) {
  const headers = { ...server.headers.page, 'content-type': 'text/html; charset=utf-8' };
  return { status: statusOf(refusal.refused), headers, body };
}

/** Answers a request that Node could not read completely, on the socket, because no response object exists. */
export function answerUnreadable(server: ServerContext, error: Error, socket: Duplex): void {
  if (!socket.writable || hasAnswered(socket) || codeOf(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const refusal = problem(REFUSALS[codeOf(error)] ?? 'invalid_request');
  const requestId = server.env.newId();
  const { isPage, acceptLanguage } = readPacket(error);
  const page = isPage ? rawRefusalPage(server, refusal.refused, acceptLanguage) : undefined;
  const answer = page === undefined ? problemAnswer(server, refusal, requestId) : pageAnswer(server, refusal, page);
  endWith(socket, refusal, answer, requestId);
}

/** More than a browser sends before its cookies. */
const PACKET_HEAD = 8 * 1024;

/**
 * Guesses from the last packet whether to answer with a page. If the packet starts a request, its headers say so. A
 * packet in the middle of too large headers comes from a browser with many cookies.
 */
function readPacket(error: Error): { readonly isPage: boolean; readonly acceptLanguage: string | undefined } {
  const packet = 'rawPacket' in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : Buffer.alloc(0);
  const head = packet.toString('latin1', 0, PACKET_HEAD);
  const isBeginning = /^[A-Z]+ \//.test(head);
  const isPage = !isBeginning || (/^accept:[^\r\n]*text\/html/im.test(head) && !/^[A-Z]+ \/api\//.test(head));
  return { isPage, acceptLanguage: /^accept-language:([^\r\n]*)/im.exec(head)?.[1] };
}

/** CONNECT is refused before it becomes a request. */
export function refuseConnect(server: ServerContext, socket: Duplex): void {
  const refusal = methodNotAllowed('CONNECT', ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE']);
  const requestId = server.env.newId();
  endWith(socket, refusal, problemAnswer(server, refusal, requestId), requestId);
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

function endWith(socket: Duplex, refusal: Problem, answer: ReturnType<typeof problemAnswer>, requestId: string): void {
  const { status, body } = answer;
  const headers = {
    ...answer.headers,
    ...problemHeaders(refusal),
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Whether a part of an answer was sent. More bytes would be read as part of it. Node's own handler checks the same. */
function hasAnswered(socket: Duplex): boolean {
  const message: unknown = '_httpMessage' in socket ? socket._httpMessage : undefined;
  return typeof message === 'object' && message !== null && 'headersSent' in message && message.headersSent === true;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** The refusals of the raw checks that a person in a browser can see: wrong address, and too many cookies. */
const SHOWN = ['misdirected_request', 'headers_too_large'] as const;

/** A page for a request of which only the headers were read; `undefined` if the answer is a problem document. */
function rawRefusalPage(
  { env, site }: ServerContext,
  refused: ProblemCode,
  acceptLanguage: string | undefined,
): string | undefined {
  const code = SHOWN.find((shown) => shown === refused);
  if (code === undefined) return undefined;
  const locale = negotiateLocale(acceptLanguage);
  const t = translator(locale);
  const title = t(`error.${code}.title`);
  const text = t(`error.${code}.text`, { address: site.origin });
  const action = { href: `${site.origin}/`, label: site.origin };
  return String(barePage({ brand: env.brand(), locale, t }, { status: statusOf(code), title, text, action }));
}
