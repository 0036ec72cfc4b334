import { PATHS } from '#core/paths.ts';
import { AuthorityLost } from '#core/people/authority.ts';
import { HINTED_SUB, SESSION_BEFORE } from '#core/portals/asked.ts';
import type { NextStep } from '#core/portals/authorization.ts';
import { withResume } from '#core/sessions/resume.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import { type CookieChange, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { problemHeaders, statusOf } from '#http/problem.ts';
import { type ProtocolCall, protocol, type Route } from '#http/route.ts';
import { localeFor } from '#messages/locales.ts';
import { type AuthorizationRequest, claimRequest, findRequest } from '#store/oidc/requests.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { View } from '#ui/view.ts';
import { assess } from './assess.ts';
import { commitAuthorization } from './commit.ts';
import { keepRequest } from './keep-request.ts';
import { ourParams } from './our-params.ts';
import { formPostPage, goneRequestPage, invalidPage, notForThemPage, refusedPage } from './pages.ts';
import { askLibrary, workOf } from './protocol-routes.ts';
import type { Work } from './work.ts';

const AUTHORIZE = '/oidc/authorize';
const CONTINUE = '/oidc/continue';

export const authorizeRoutes: readonly Route[] = [
  protocol({ methods: ['GET', 'POST'], path: AUTHORIZE, guard: 'public', handle: authorize }),
  protocol({ methods: ['GET'], path: `${CONTINUE}/:request`, guard: 'public', handle: goOn }),
  protocol({ methods: ['GET'], path: `${CONTINUE}/:request/cancel`, guard: 'public', handle: cancel }),
];

async function authorize(call: ProtocolCall): Promise<Reply> {
  // A form on another site sends none of our cookies (`SameSite=Lax`). The same request by GET sends them.
  if (call.request.method === 'POST')
    return seeOther(`${AUTHORIZE}?${new URLSearchParams(call.body.toString('utf8'))}`);
  const { session } = call;
  const work = workOf(call, { session });
  return answer(call, work, await askLibrary(work, { method: 'GET', url: `${AUTHORIZE}?${ourParams(call.search)}` }));
}

type Answer = Awaited<ReturnType<typeof askLibrary>>;

/** What the library decided: a question for the person, an answer for the client, or neither for an unknown client. */
async function answer(call: ProtocolCall, work: Work, said: Answer): Promise<Reply> {
  if (work.waiting !== undefined) return waitForPerson(call, work, work.waiting);
  const toClient = clientReply(call.view, said);
  if (toClient === undefined) return show(invalidPage(call.view), 400);
  const { session, request } = work;
  if (session !== undefined && work.saves.some(({ kind }) => kind === 'AuthorizationCode')) {
    return (await keepOrAskAgain(call, work, session)) ?? toClient;
  }
  if (request !== undefined) await call.env.db.transaction((tx) => claimRequest(tx, request.idHash));
  return toClient;
}

/** Undefined if the authorization was stored, otherwise the next redirect. */
async function keepOrAskAgain(call: ProtocolCall, work: Work, session: Session): Promise<Reply | undefined> {
  try {
    return isRefusal(await commitAuthorization(work, session, call.client)) ? gone(call) : undefined;
  } catch (error) {
    // The session ended during the request. The repeated request leads to a sign-in.
    if (error instanceof AuthorityLost)
      return seeOther(call.request.url.slice(call.env.config.publicUrl.origin.length));
    throw error;
  }
}

/** Stores the request for this browser and shows the next question to the person. */
async function waitForPerson(call: ProtocolCall, work: Work, params: Readonly<Record<string, string>>) {
  const { browser, client, view } = call;
  // Only the person is stored from the client's ID token.
  const { id_token_hint: _, ...wanted } = params;
  const stored = {
    ...wanted,
    ...(work.hintedSub !== undefined && { [HINTED_SUB]: work.hintedSub }),
    ...(work.session !== undefined && { [SESSION_BEFORE]: work.session.id }),
  };
  const id = await keepRequest(work, { params: stored, browser, client });
  if (isRefusal(id)) return id.refused === 'not_found' ? gone(call) : refusedReply(view, id);
  const reply = replyTo(call, work.step ?? 'sign_in', `${CONTINUE}/${id}`, stored);
  return { ...reply, cookies: [...reply.cookies, ...languageOf(call, params)], bindsBrowser: true as const };
}

/** The language that the client requests, if the person has chosen none. */
function languageOf({ request }: ProtocolCall, { ui_locales = '' }: Readonly<Record<string, string>>): CookieChange[] {
  const [locale] = ui_locales.split(' ').flatMap((tag) => localeFor(tag) ?? []);
  const hasChosen = /sallyport-(?:\d+-)?language=/.test(request.headers.get('cookie') ?? '');
  return locale === undefined || hasChosen ? [] : [{ cookie: 'language', value: locale }];
}

/** The page for the next question to the person. */
function replyTo(
  { view }: ProtocolCall,
  step: NextStep,
  path: string,
  params: Readonly<Record<string, string>>,
): Reply {
  switch (step) {
    case 'sign_in':
    case 'sign_in_again': {
      const query = new URLSearchParams(step === 'sign_in' ? {} : { again: '' });
      if (params.login_hint !== undefined) query.set('login_hint', params.login_hint);
      return seeOther(withResume(`${PATHS.signIn}?${query}`, path));
    }
    case 'choose_account':
      return seeOther(withResume('/oidc/choose', path));
    case 'step_up':
    case 'prove_again':
      return seeOther(withResume(PATHS.stepUp, path));
    case 'set_up':
      return seeOther(withResume(PATHS.authenticator, path));
    case 'step_up_passkey':
      return seeOther(withResume(PATHS.stepUpPasskey, path));
    case 'set_up_passkey':
      return seeOther(withResume(PATHS.addPasskey, path));
    case 'consent':
      return seeOther(withResume('/consent', path));
    case 'not_for_them':
      return show(notForThemPage(view, `${path}/cancel`), 403);
    case 'unmet':
    case 'done':
      return seeOther(path);
  }
}

/** Continues the request after one of our pages: the next question, or the answer to the client. */
async function goOn(call: ProtocolCall): Promise<Reply> {
  const { env, session, params } = call;
  const request = await ownRequest(call);
  if (!request) return gone(call);
  const step = await assess({ env, session, request }, { clientId: request.clientId, params: request.params });
  if (step !== 'done' && step !== 'unmet') return replyTo(call, step, `${CONTINUE}/${params.request}`, request.params);
  return askFor(call, workOf(call, { session, request }), request);
}

async function cancel(call: ProtocolCall): Promise<Reply> {
  const request = await ownRequest(call);
  if (!request) return gone(call);
  return askFor(call, workOf(call, { session: call.session, request, isCancelled: true }), request);
}

async function askFor(call: ProtocolCall, work: Work, { params }: AuthorizationRequest): Promise<Reply> {
  const { [HINTED_SUB]: hintedSub, [SESSION_BEFORE]: _, ...sent } = params;
  work.hintedSub = hintedSub;
  return answer(
    call,
    work,
    await askLibrary(work, { method: 'GET', url: `${AUTHORIZE}?${new URLSearchParams(sent)}` }),
  );
}

function ownRequest({ env, browser, params }: ProtocolCall): Promise<AuthorizationRequest | undefined> {
  return findRequest(env.db.read, { idHash: tokenHash(params.request ?? ''), browser, now: env.now() });
}

/** The request is too long, or there are too many from one network. */
function refusedReply(view: View, refusal: Refusal): Reply {
  return { ...show(refusedPage(view, refusal), statusOf(refusal.refused)), headers: problemHeaders(refusal) };
}

function gone({ view }: ProtocolCall): Reply {
  return show(goneRequestPage(view), 404);
}

/** The answer to the client: a redirect, or a form for `response_mode=form_post`. Undefined without a valid target. */
function clientReply(view: View, { status, headers, body }: Answer): Reply | undefined {
  const location = headers.location;
  if (status >= 300 && status < 400 && typeof location === 'string') {
    return { status: 303, location, leavesFlow: true, cookies: [] };
  }
  const action = /<form method="post" action="([^"]*)">/.exec(body)?.[1];
  if (action === undefined) return undefined;
  const fields = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)];
  const target = unescaped(action);
  const named = fields.map(([, name = '', value = '']) => [unescaped(name), unescaped(value)] as const);
  return { ...show(formPostPage(view, target, named)), formAction: new URL(target).origin };
}

/** Undoes the escaping that the library did for its own page. */
function unescaped(text: string): string {
  const signs: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (all, name: string) => signs[name] ?? all);
}
