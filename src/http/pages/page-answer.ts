import { PATHS } from '#core/paths.ts';
import { resumedAddress } from '#core/sessions/resume.ts';
import { newToken } from '#core/values/token.ts';
import { type Cookies, isTokenShaped, readCookies, setCookie } from '#http/cookie.ts';
import { type Found, formBinding } from '#http/guard.ts';
import { policyWith } from '#http/headers.ts';
import { type Problem, type ProblemCode, problem, problemHeaders, statusOf } from '#http/problem.ts';
import type { PageGuard } from '#http/route.ts';
import type { RequestContext, ServerContext } from '#http/server-context.ts';
import { isLocale, type Locale, negotiateLocale, staffLocale } from '#messages/locales.ts';
import { type PlainKey, translator } from '#messages/messages.ts';
import { errorPage } from '#ui/layout.ts';
import type { View } from '#ui/view.ts';
import { brandOf } from './brand.ts';
import { makeFormToken } from './form.ts';
import { type Reply, show } from './reply.ts';
import { leavesUs, wayOnAddress } from './way-on.ts';

/** The refusals that the transport itself shows. A feature draws its own. */
const SHOWN = [
  'invalid_request',
  'sign_in_expired',
  'forbidden',
  'step_up_required',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
  'internal_error',
  'temporarily_unavailable',
] as const;

/** The data of a request about the browser, before the person is known. */
export type Browser = {
  readonly cookies: Cookies;
  /** The value of the form cookie, or the one that the answer will set. */
  readonly formCookie: string;
};

/** The browser of a request; `undefined` if one of our cookies occurs twice. */
export function browserOf({ env, cookieNames }: ServerContext, { request }: RequestContext): Browser | undefined {
  const cookies = readCookies(request.headers.get('cookie') ?? '', cookieNames);
  return cookies && { cookies, formCookie: isTokenShaped(cookies.form) ? cookies.form : newToken(env.random) };
}

/** A refusal page for a person: what happened, in their language, and where to continue. */
export function refusalPage(
  server: ServerContext,
  context: RequestContext,
  refusal: Problem,
  found: Found = {},
): Response {
  const code = SHOWN.find((shown) => shown === refusal.refused) ?? 'invalid_request';
  const text = { title: `error.${code}.title`, text: `error.${code}.text` } as const;
  return messagePage(server, context, refusal, text, found);
}

/** The page after a form with an invalid token, if the form has no page of its own to show again. */
export function stalePage(server: ServerContext, context: RequestContext, found: Found): Response {
  const text = { title: 'layout.stale.title', text: 'layout.stale.text' } as const;
  return messagePage(server, context, problem('forbidden'), text, found);
}

/** The page after a form that needs a fresh proof first. It says that the fields are preserved. */
export function keptFormPage(server: ServerContext, context: RequestContext, found: Found): Response {
  const text = { title: 'error.step_up_required.title', text: 'error.step_up_required.kept' } as const;
  return messagePage(server, context, problem('step_up_required'), text, found);
}

type Text = { readonly title: PlainKey; readonly text: PlainKey };

function messagePage(
  server: ServerContext,
  context: RequestContext,
  refusal: Problem,
  text: Text,
  found: Found,
): Response {
  const browser = browserOf(server, context) ?? { cookies: {}, formCookie: newToken(server.env.random) };
  const view = drawView(server, context, browser, 'public', found);
  const status = statusOf(refusal.refused);
  const { href, label } = WAYS_ON[refusal.refused] ?? HOME;
  const action = { href, label: view.t(label) };
  const page = errorPage(view, { status, title: view.t(text.title), text: view.t(text.text), action });
  return pageResponse(server, context, browser, { ...show(page, status), headers: problemHeaders(refusal) });
}

type WayOn = { readonly href: string; readonly label: PlainKey };

const HOME: WayOn = { href: '/', label: 'error.action.home' };

const WAYS_ON: Readonly<Partial<Record<ProblemCode, WayOn>>> = {
  sign_in_expired: { href: PATHS.signIn, label: 'error.action.signIn' },
  step_up_required: { href: PATHS.stepUp, label: 'error.action.stepUp' },
};

/** The language that the person chose, otherwise the one that the browser requests. */
export function localeOf({ request }: RequestContext, { cookies: { language } }: Browser): Locale {
  return isLocale(language) ? language : negotiateLocale(request.headers.get('accept-language') ?? undefined);
}

/** The id must only be unique, because it distinguishes renderings of a page. It need not be secret. */
const FORM_ID_BYTES = 16;

/** The data that every page is drawn with. */
export function drawView(
  server: ServerContext,
  context: RequestContext,
  browser: Browser,
  guard: PageGuard,
  found: Found,
): View {
  const { config, keys, now, random } = server.env;
  const wished = localeOf(context, browser);
  const isForStaff = guard.startsWith('staff');
  const locale = isForStaff ? staffLocale(wished) : wished;
  const binding = formBinding(guard, found) ?? found.session?.id ?? found.pending?.id;
  const formToken = makeFormToken(keys, browser.formCookie, binding, random(FORM_ID_BYTES).toString('base64url'));
  const isPost = context.request.method === 'POST';
  const view: View = {
    config,
    brand: brandOf(server.env, found),
    locale,
    t: translator(locale),
    ...(isForStaff && { isForStaff }),
    now: now(),
    formToken,
    // The query of a form's address is not part of the page's address.
    path: isPost ? context.pathname : context.pathname + context.search,
    ...(isPost && { stepsToPage: stepsToPage(server, context) }),
    ...(context.resume !== undefined && { resume: context.resume }),
  };
  const user = found.session?.user;
  if (user === undefined) return view;
  const { name, email, role } = user;
  const signedIn = { ...view, signedIn: { name, email } };
  if (role === 'manager') return { ...signedIn, isManager: true };
  const isOfStaff = role === 'csm' || role === 'admin';
  return isOfStaff ? { ...signedIn, staff: role, rules: server.env.settings.values() } : signedIn;
}

/** How many path segments the form's address is below its page: `/enroll/skip` is one below `/enroll`. */
function stepsToPage({ pages }: ServerContext, { route }: RequestContext): number {
  const parts = route.split('/');
  const steps = parts.findIndex((_, step) => pages.has(parts.slice(0, parts.length - step).join('/') || '/'));
  return Math.max(0, steps);
}

/** The response for a handler's reply. The first page that a browser gets also sets the cookie that its forms need. */
export function pageResponse(
  server: ServerContext,
  context: RequestContext,
  { cookies, formCookie }: Browser,
  reply: Reply,
): Response {
  const isNew = (reply.html !== undefined || reply.bindsBrowser === true) && cookies.form !== formCookie;
  const added = isNew ? [{ cookie: 'form', value: formCookie } as const] : [];
  return replyResponse(server, context, { ...reply, cookies: [...reply.cookies, ...added] });
}

export function replyResponse(server: ServerContext, context: RequestContext, reply: Reply): Response {
  const { requestId } = context;
  const { html, file } = reply;
  const location = reply.location === undefined ? undefined : nextAddress(server, context, reply);
  const headers = new Headers({ ...server.headers.page, 'x-request-id': requestId, ...reply.headers });
  if (reply.formAction !== undefined) headers.set('content-security-policy', policyWith(reply.formAction));
  if (html !== undefined) headers.set('content-type', 'text/html; charset=utf-8');
  if (file !== undefined) headers.set('content-type', file.type);
  if (file?.name !== undefined) headers.set('content-disposition', `attachment; filename="${file.name}"`);
  if (location !== undefined) headers.set('location', location);
  for (const change of reply.cookies) {
    headers.append('set-cookie', setCookie(change, server.cookieNames, server.site.https));
  }
  return new Response(html ?? (file && bodyOf(file.body)) ?? null, { status: reply.status, headers });
}

/** Our page that led here, over all redirects after its form. `Referrer-Policy` hides it from other sites. */
export function cameFrom({ site }: ServerContext, { request }: RequestContext): string | undefined {
  const referer = request.headers.get('referer');
  return referer?.startsWith(`${site.origin}/`) ? referer.slice(site.origin.length) : undefined;
}

/** A redirect after a form goes through a page of ours if it leads to another origin: SECURITY, `form-action`. */
function nextAddress(
  server: ServerContext,
  context: RequestContext,
  { location: next = '', leavesFlow }: Reply,
): string {
  const { env, pages } = server;
  const { resume, pathname } = context;
  const location = resume === undefined || leavesFlow ? next : resumedAddress(resume, pathname, next);
  const mayFollowForm = context.request.method === 'POST' || cameFrom(server, context) !== undefined;
  return mayFollowForm && leavesUs(env.config, pages, location) ? wayOnAddress(env.keys, location) : location;
}

/** Streams the pieces as the browser reads them, so that a long file is never completely in memory. */
function bodyOf(body: string | AsyncIterable<string>): string | ReadableStream<Uint8Array> {
  return typeof body === 'string' ? body : ReadableStream.from(body).pipeThrough(new TextEncoderStream());
}
