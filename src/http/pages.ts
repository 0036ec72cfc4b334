import type { Client } from '#core/client.ts';
import { setStepUpTarget } from '#store/session-changes.ts';
import { isTokenShaped } from './cookie.ts';
import { FORM_TOKEN_FIELD, formTokenFits, isOwnOrigin } from './form.ts';
import { checkPage, type Found, formBinding, type PageVerdict } from './guard.ts';
import { type Ask, clientOf, type House } from './house.ts';
import { addressWith, findKept, pickFields } from './kept-form.ts';
import {
  type Browser,
  browserOf,
  drawView,
  keptFormPage,
  localeOf,
  pageResponse,
  refusalPage,
  replyResponse,
  stalePage,
} from './page-answer.ts';
import { fitForm, isMediaType, isProblem, parseForm, readBody } from './parse.ts';
import { type Problem, problem } from './problem.ts';
import { type Reply, seeOther } from './reply.ts';
import type { PageRoute } from './route.ts';
import type { View } from './view.ts';

type Params = Readonly<Record<string, string>>;
type Fields = Readonly<Record<string, string>>;

/** A request for a page, with what was read from it on the way. */
type Visit = {
  readonly house: House;
  readonly ask: Ask;
  readonly params: Params;
  readonly client: Client;
  readonly browser: Browser;
};

/** The longest way of a page: cookies, origin, guard, form, handler; each can end it with a page of its own. */
export async function answerPage(house: House, route: PageRoute, ask: Ask, params: Params): Promise<Response> {
  const visit = beginVisit(house, ask, params);
  if (isProblem(visit)) return refusalPage(house, ask, visit);
  if (route.method === 'POST' && !isFromUs(visit)) return refusalPage(house, ask, problem('forbidden'));
  const verdict = await checkVisit(visit, route);
  switch (verdict.kind) {
    case 'elsewhere':
      return replyResponse(house, ask, seeOther(verdict.location));
    case 'refused':
      return verdict.code === 'step_up_required' && route.keeps.length > 0
        ? stepUpForForm(visit, route, verdict.found)
        : refusalPage(house, ask, problem(verdict.code), verdict.found);
    case 'granted':
      return route.method === 'POST'
        ? answerForm(visit, route, verdict.found)
        : pageResponse(house, ask, visit.browser, await run(visit, route, verdict.found, undefined));
  }
}

function beginVisit(house: House, ask: Ask, params: Params): Visit | Problem {
  const browser = browserOf(house, ask);
  if (browser === undefined) return problem('invalid_request');
  const { device } = browser.cookies;
  const client = clientOf(house, ask, isTokenShaped(device) ? device : undefined);
  if (isProblem(client)) return client;
  return { house, ask, params, client: { ...client, locale: localeOf(ask, browser) }, browser };
}

function isFromUs({ house, ask }: Visit): boolean {
  const { headers } = ask.request;
  const sent = { origin: headers.get('origin'), fetchSite: headers.get('sec-fetch-site') };
  return isOwnOrigin(sent, house.site.origin);
}

function checkVisit({ house, ask, browser }: Visit, { guard, method, path }: PageRoute): Promise<PageVerdict> {
  const visit = {
    guard,
    isPost: method === 'POST',
    target: ask.pathname + ask.search,
    canReturn: house.pages.has(path),
  };
  return checkPage(house.env, visit, browser.cookies);
}

async function answerForm(visit: Visit, route: PageRoute, found: Found): Promise<Response> {
  const { house, ask, browser } = visit;
  const fields = await readFields(ask);
  if (isProblem(fields)) return refusalPage(house, ask, fields, found);
  const token = fields.value[FORM_TOKEN_FIELD];
  const binding = formBinding(route.guard, found);
  if (!formTokenFits(house.env.keys, browser.formCookie, binding, token)) {
    return showAgain(visit, route, found, fields.value);
  }
  const input = route.form && fitForm(route.form, fields.value);
  return pageResponse(house, ask, browser, await run(visit, route, found, input));
}

/** A form that was sent too late after a proof: what was typed goes along to the proof, and back. */
async function stepUpForForm(visit: Visit, { keeps }: PageRoute, found: Found): Promise<Response> {
  const { house, ask } = visit;
  const { env } = house;
  const { session } = found;
  const fields = session && (await readFormOf(visit, session.id));
  const target = fields && addressWith(env.keys, session, ask.pathname, pickFields(fields, keeps));
  if (session === undefined || target === undefined) return refusalPage(house, ask, problem('step_up_required'), found);
  await env.db.transaction((tx) => setStepUpTarget(tx, session.id, target));
  return keptFormPage(house, ask, found);
}

/** The fields, when they come from a form that we made for this session. */
async function readFormOf({ house, ask, browser }: Visit, sessionId: string): Promise<Fields | undefined> {
  const fields = await readFields(ask);
  if (isProblem(fields)) return undefined;
  const token = fields.value[FORM_TOKEN_FIELD];
  return formTokenFits(house.env.keys, browser.formCookie, sessionId, token) ? fields.value : undefined;
}

async function readFields({ request, arrival }: Ask): Promise<{ readonly value: Fields } | Problem> {
  const body = await readBody(request, arrival.incoming);
  if (isProblem(body)) return body;
  const type = request.headers.get('content-type');
  return isMediaType(type, 'application/x-www-form-urlencoded')
    ? parseForm(body.bytes)
    : problem('unsupported_media_type');
}

/** The form's own page once more, with a token that fits: nothing is lost but the try. */
async function showAgain(visit: Visit, route: PageRoute, found: Found, fields: Fields): Promise<Response> {
  const { path, guard, keeps } = route;
  const { house, ask, browser } = visit;
  const page = house.pages.get(path);
  const allowed = page?.guard === guard ? found : page && (await grantedFor(visit, page));
  if (page === undefined || allowed === undefined) return stalePage(house, ask, found);
  const kept = {
    kept: pickFields(fields, keeps),
    ...(fields.email !== undefined && { keptEmail: fields.email.slice(0, MAX_EMAIL_LENGTH) }),
    ...(fields.return_to !== undefined && { keptReturnTo: fields.return_to }),
  };
  const reply = await run(visit, page, allowed, undefined, { staleForm: true, ...kept });
  if (reply.html === undefined) return stalePage(house, ask, found);
  return pageResponse(house, ask, browser, { ...reply, status: 403 });
}

/** RFC 5321 §4.5.3.1.3: what is longer is no email and not worth echoing. */
const MAX_EMAIL_LENGTH = 254;

async function grantedFor(visit: Visit, page: PageRoute): Promise<Found | undefined> {
  const verdict = await checkVisit(visit, page);
  return verdict.kind === 'granted' ? verdict.found : undefined;
}

type Again = Pick<View, 'staleForm' | 'kept' | 'keptEmail' | 'keptReturnTo'>;

function run(visit: Visit, route: PageRoute, found: Found, input: unknown, again: Again = {}): Promise<Reply> | Reply {
  const { house, ask, params, client, browser } = visit;
  const query = new URLSearchParams(ask.search);
  const kept = found.session && findKept(house.env.keys, found.session, ask.pathname, query);
  const view = { ...drawView(house, ask, browser, route.guard, found), ...(kept && { kept }), ...again };
  // The door between the erased table and the typed declaration: the guard and the form proved what it says.
  return route.handle({ env: house.env, client, params, query, input, view, ...found } as never);
}
