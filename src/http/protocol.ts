import { tokenHash } from '#core/token.ts';
import { problemResponse } from './answer.ts';
import { checkPage } from './guard.ts';
import { type Ask, clientOf, type House } from './house.ts';
import { browserOf, drawView, localeOf, pageResponse, refusalPage } from './page-answer.ts';
import { isProblem, readBody } from './parse.ts';
import { problem } from './problem.ts';
import type { ProtocolReply, ProtocolRoute, RawReply } from './route.ts';

/**
 * Answers a request by the rules of its protocol. Neither our rule of origins nor our form token is asked for: what changes
 * something here is bound to a secret of the caller, or to a row of its own.
 */
export async function answerProtocol(
  house: House,
  route: ProtocolRoute,
  ask: Ask,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const browser = browserOf(house, ask);
  if (browser === undefined) return refusalPage(house, ask, problem('invalid_request'));
  const client = clientOf(house, ask, undefined);
  if (isProblem(client)) return problemResponse(house, ask, client);
  const { method } = ask.request;
  const isBodyless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const body = isBodyless ? { bytes: Buffer.alloc(0) } : await readBody(ask.request, ask.arrival.incoming);
  if (isProblem(body)) return problemResponse(house, ask, body);
  const visit = { guard: 'public', isPost: false, target: ask.pathname, canReturn: false } as const;
  const verdict = await checkPage(house.env, visit, browser.cookies);
  const found = verdict.kind === 'granted' ? verdict.found : {};
  const reply = await route.handle({
    ...{ env: house.env, request: ask.request, arrival: ask.arrival, params, search: ask.search, body: body.bytes },
    client: { ...client, locale: localeOf(ask, browser) },
    view: drawView(house, ask, browser, 'public', found),
    browser: tokenHash(`${browser.formCookie}\n${client.userAgent ?? ''}`),
    session: found.session,
    pending: found.pending,
  });
  return isRaw(reply) ? rawResponse(house, ask, reply) : pageResponse(house, ask, browser, reply);
}

function isRaw(reply: ProtocolReply): reply is RawReply {
  return 'raw' in reply;
}

/** What a program gets: nothing in it is ever drawn, and nothing is kept unless the protocol says so. */
function rawResponse({ headers }: House, { requestId }: Ask, { status, headers: own, raw }: RawReply): Response {
  const all = { ...headers.api, 'x-request-id': requestId, ...own };
  return new Response(status === 204 || status === 304 || raw === '' ? null : raw, { status, headers: all });
}
