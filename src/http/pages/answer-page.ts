import { PATHS } from '#core/paths.ts';
import { AuthorityLost } from '#core/people/authority.ts';
import type { Client } from '#core/sessions/client.ts';
import { RESUME_FIELD, readResume } from '#core/sessions/resume.ts';
import type { IdempotencyKey } from '#core/values/idempotency.ts';
import { tokenHash } from '#core/values/token.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import { isDeviceShaped } from '#http/cookie.ts';
import { checkPage, type Found, formBinding, type PageVerdict } from '#http/guard.ts';
import { withLargeBody } from '#http/large-bodies.ts';
import { isProblem, readPageQuery } from '#http/parse.ts';
import { type Problem, problem } from '#http/problem.ts';
import type { PageRoute } from '#http/route.ts';
import { whileGranted } from '#http/server/long-file.ts';
import { clientOf, type RequestContext, type ServerContext } from '#http/server-context.ts';
import { setStepUpTarget } from '#store/sessions/session-changes.ts';
import type { View } from '#ui/view.ts';
import { brandOfVisit } from './brand.ts';
import { formTokenFits, isOwnOrigin } from './form.ts';
import { addressWith, findRestored, pickFields } from './kept-form.ts';
import {
  type Browser,
  browserOf,
  cameFrom,
  drawView,
  keptFormPage,
  localeOf,
  pageResponse,
  refusalPage,
  replyResponse,
  stalePage,
} from './page-answer.ts';
import { type Form, readForm, type SentForm } from './read-form.ts';
import { type Reply, seeOther } from './reply.ts';
import { answerIdempotent, formKeyOf } from './sent-forms.ts';

type Params = Readonly<Record<string, string>>;
type Fields = SentForm['fields'];
/** A request for a page, with the data read from it so far. */
type Visit = {
  readonly server: ServerContext;
  readonly context: RequestContext;
  readonly params: Params;
  readonly query: URLSearchParams;
  readonly client: Client;
  readonly browser: Browser;
  readonly formKey: IdempotencyKey | undefined;
};

/**
 * Answers a page request in this order: cookies, origin, form, guard, handler. Each can answer with its own page.
 *
 * The guard runs after the whole form has arrived, so a delayed last byte is checked against the state at that time. A
 * form that is sent twice gets the first answer without the guard, because its session may be over by then.
 */
export async function answerPage(
  server: ServerContext,
  route: PageRoute,
  context: RequestContext,
  params: Params,
): Promise<Response> {
  const visit = beginVisit(server, context, params);
  if (isProblem(visit)) return refusalPage(server, context, visit);
  if (route.method === 'GET') return judge(visit, route, undefined);
  if (!isFromUs(visit)) return refusalPage(server, context, problem('forbidden'));
  if (route.uploadBytes === undefined) return answerSent(visit, route, undefined);
  // Who may send a large form is asked before it is read, and again after its last byte.
  const verdict = await checkVisit(visit, route);
  if (verdict.kind !== 'granted') return answerSent(visit, route, undefined);
  const whose = verdict.found.session?.partner === undefined ? 'ours' : 'partners';
  const answer = await withLargeBody(server, whose, () => answerSent(visit, route, route.uploadBytes));
  return answer instanceof Response ? answer : refusalPage(server, context, answer, verdict.found);
}

async function answerSent(visit: Visit, route: PageRoute, most: number | undefined): Promise<Response> {
  const { server, context } = visit;
  const form = await readForm(context, route, most);
  if (!isProblem(form)) context.resume = form.resume;
  const formKey = isProblem(form)
    ? undefined
    : formKeyOf(server.env.keys, visit.browser.formCookie, context.pathname, form);
  return answerIdempotent(server, context, formKey, () => judge({ ...visit, formKey }, route, form));
}

async function judge(visit: Visit, route: PageRoute, form: Form | undefined): Promise<Response> {
  const { server, context } = visit;
  const verdict = await checkVisit(visit, route);
  switch (verdict.kind) {
    case 'elsewhere':
      return replyResponse(server, context, seeOther(verdict.location));
    case 'refused':
      return refuse(visit, route, verdict, form);
    case 'granted':
      return answerGranted(visit, route, verdict.found, form);
  }
}

function beginVisit(server: ServerContext, context: RequestContext, params: Params): Visit | Problem {
  const browser = browserOf(server, context);
  const query = readPageQuery(context.search);
  if (browser === undefined) return problem('invalid_request');
  if (isProblem(query)) return query;
  context.resume = readResume(query.get(RESUME_FIELD));
  const { device, trust } = browser.cookies;
  const client = clientOf(server, context, isDeviceShaped(device) ? device : undefined);
  if (isProblem(client)) return client;
  const mark = tokenHash(`${browser.formCookie}\n${client.userAgent ?? ''}`);
  const trusted = trust === undefined ? {} : { trustCookie: trust };
  const known = { ...client, ...trusted, browser: mark, locale: localeOf(context, browser) };
  return { server, context, params, query, client: known, browser, formKey: undefined };
}

function isFromUs({ server, context }: Visit): boolean {
  const { headers } = context.request;
  const sent = { origin: headers.get('origin'), fetchSite: headers.get('sec-fetch-site') };
  const isHidden = (sent.origin === null || sent.origin === 'null') && sent.fetchSite === null;
  const isOurs = isOwnOrigin(sent, server.site.origin);
  const trouble = isHidden ? 'origin_hidden' : 'origin_differs';
  if (isOurs) ORIGIN_TROUBLES.forEach(server.watch.clear);
  else server.watch.note(trouble, sent.origin ?? undefined);
  return isOurs;
}

const ORIGIN_TROUBLES = ['origin_hidden', 'origin_differs'] as const;

function checkVisit({ server, context, browser }: Visit, { guard, method, path }: PageRoute): Promise<PageVerdict> {
  const visit = {
    guard,
    isPost: method === 'POST',
    target: context.pathname + context.search,
    // A link on another site must not decide where a step-up in another tab leads.
    canReturn: server.pages.has(path) && context.request.headers.get('sec-fetch-site') !== 'cross-site',
  };
  return checkPage(server.env, visit, browser.cookies);
}

async function answerGranted(visit: Visit, route: PageRoute, found: Found, form: Form | undefined): Promise<Response> {
  const { server, context, browser } = visit;
  try {
    return form === undefined
      ? pageResponse(server, context, browser, await run(visit, route, found, {}))
      : await answerForm(visit, route, found, form);
  } catch (error) {
    if (error instanceof AuthorityLost) return refuseActed(visit, route, { code: error.refusal.refused, found }, form);
    throw error;
  }
}

async function answerForm(visit: Visit, route: PageRoute, found: Found, form: Form): Promise<Response> {
  const { server, context, browser } = visit;
  if (isProblem(form)) return refusalPage(server, context, form, found);
  const binding = formBinding(route.guard, found);
  if (!formTokenFits(server.env.keys, browser.formCookie, binding, form.token)) {
    return showAgain(visit, route, found, form.fields);
  }
  return pageResponse(server, context, browser, await run(visit, route, found, form));
}

type Refused = { readonly code: Extract<PageVerdict, { kind: 'refused' }>['code']; readonly found: Found };

function refuse(visit: Visit, route: PageRoute, { code, found }: Refused, form: Form | undefined) {
  return code === 'step_up_required' && route.keeps.length > 0
    ? stepUpForForm(visit, route, found, form)
    : refusalPage(visit.server, visit.context, problem(code), found);
}

/** Answers when the guard accepted the request, but the person lost that right before the act began. */
function refuseActed(
  visit: Visit,
  route: PageRoute,
  { code, found }: { readonly code: AuthorityLost['refusal']['refused']; readonly found: Found },
  form: Form | undefined,
): Response | Promise<Response> {
  if (code === 'step_up_required') return refuse(visit, route, { code, found }, form);
  const { server, context } = visit;
  return code === 'forbidden'
    ? refusalPage(server, context, problem(code), found)
    : replyResponse(server, context, seeOther(PATHS.signIn));
}

/** Handles a form that came too late after a proof: its fields are preserved over the step-up. */
async function stepUpForForm(
  { server, context, browser }: Visit,
  { keeps }: PageRoute,
  found: Found,
  form: Form | undefined,
): Promise<Response> {
  const { env } = server;
  const { session } = found;
  const fields = session && form && ownFields(env.keys, browser, session.id, form);
  const target = fields && addressWith(env.keys, session, context.pathname, pickFields(fields, keeps));
  if (session === undefined || target === undefined)
    return refusalPage(server, context, problem('step_up_required'), found);
  await env.db.transaction((tx) => setStepUpTarget(tx, session.id, target));
  return keptFormPage(server, context, found);
}

/** The fields, if the form is one that we made for this session. */
function ownFields(keys: KeyRing, { formCookie }: Browser, sessionId: string, form: Form): Fields | undefined {
  if (isProblem(form)) return undefined;
  return formTokenFits(keys, formCookie, sessionId, form.token) ? form.fields : undefined;
}

/** Shows the form's page again, with a valid token. The person loses only the try. */
async function showAgain(visit: Visit, route: PageRoute, found: Found, fields: Fields): Promise<Response> {
  const { path, guard, keeps } = route;
  const { server, context, browser } = visit;
  const page = server.pages.get(path);
  const allowed = page?.guard === guard ? found : page && (await grantedFor(visit, page));
  if (page === undefined || allowed === undefined) return stalePage(server, context, found);
  const restored = {
    restored: pickFields(fields, keeps),
    ...(fields.email !== undefined && { restoredEmail: fields.email.slice(0, MAX_EMAIL_LENGTH) }),
    ...(fields.return_to !== undefined && { restoredReturnTo: fields.return_to }),
    noCookie: browser.cookies.form === undefined,
  };
  const reply = await run(visit, page, allowed, {}, { staleForm: true, ...restored });
  if (reply.html === undefined) return stalePage(server, context, found);
  return pageResponse(server, context, browser, { ...reply, status: 403 });
}

/** RFC 5321 §4.5.3.1.3: a longer text is no email, so it is not echoed. */
const MAX_EMAIL_LENGTH = 254;

async function grantedFor(visit: Visit, page: PageRoute): Promise<Found | undefined> {
  const verdict = await checkVisit(visit, page);
  return verdict.kind === 'granted' ? verdict.found : undefined;
}

type Again = Pick<View, 'staleForm' | 'noCookie' | 'restored' | 'restoredEmail' | 'restoredReturnTo'>;

async function run(
  visit: Visit,
  route: PageRoute,
  found: Found,
  { fields, upload }: Pick<SentForm, 'fields' | 'upload'> | { fields?: undefined; upload?: undefined },
  again: Again = {},
): Promise<Reply> {
  const { server, context, params, query, client, browser, formKey } = visit;
  const { env } = server;
  const restored = found.session && findRestored(env.keys, found.session, context.pathname, query);
  const drawn = drawView(server, context, browser, route.guard, found);
  const brand = await brandOfVisit(env, context, found);
  const view = { ...drawn, brand, ...(restored && { restored }), ...again };
  const sent = { input: fields, upload, formKey, cameFrom: cameFrom(server, context) };
  const asked = { env, client, params, query, view, ...sent };
  // Cast boundary between the erased table and the typed declaration: the guard and the form reader checked it.
  const reply = await route.handle({ ...asked, ...found } as never);
  return whileGranted(env, reply, found);
}
