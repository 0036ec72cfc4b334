import { z } from 'zod';
import { readOneTimeCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { toldDemand } from '#core/people/policy.ts';
import { noticeOf } from '#core/sessions/notice.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { useAccessCode } from '#flows/authenticators/access-code.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { acceptedPasskeys } from '#flows/authenticators/passkey-options.ts';
import { idempotentAround, idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { countRecoveryCodesLeft } from '#store/authenticators/recovery-codes.ts';
import { findWaitingEmail } from '#store/people/email-links.ts';
import { findPasswordSetAt } from '#store/people/users.ts';
import { setNotice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { accessCodePage } from '#ui/access-code-page.ts';
import type { View } from '#ui/view.ts';
import { type Connected, cancelConnecting, connect, findConnecting, startConnecting } from './authenticator.ts';
import { authenticatorsApi } from './authenticators-api.ts';
import { authenticatorsRoutes } from './authenticators-routes.ts';
import { emailRoutes } from './email-routes.ts';
import { connectingPage, firstPage } from './first-pages.ts';
import { freezeOf } from './freeze.ts';
import { newCodesPage, overviewPage } from './pages.ts';
import { passkeyRoutes } from './passkey-routes.ts';
import { passwordRoutes } from './password-routes.ts';
import { makeNewCodes } from './recovery-codes.ts';
import { canTurnOff, turnOff } from './remove-authenticator.ts';
import { endOtherSessions, endSession, listPlaces } from './sessions.ts';
import { sessionsPage } from './sessions-page.ts';
import { countTrusted } from './trusted-devices/list.ts';
import { trustedRoutes } from './trusted-devices/routes.ts';

const HOME = '/security';
const AUTHENTICATOR = '/security/authenticator';
const ACCESS_CODE = '/security/authenticator/access-code';
const CODES = '/security/recovery-codes';
const SESSIONS = '/security/sessions';

const codeForm = z.object({ code: typed('code').optional(), manual: typed('word').optional() });
const sessionForm = z.object({ id: typed('id').optional() });

export const securityRoutes: readonly Route[] = [
  page({ method: 'GET', path: HOME, guard: 'session', handle: showOverview }),
  page({
    method: 'GET',
    path: AUTHENTICATOR,
    guard: 'steppedUp',
    async handle({ env, view, session }) {
      const factors = await factorsOf(env.db.read, session.user.id);
      const apps = factors?.apps ?? [];
      // Only the one app can be replaced here: with several, nothing says which one a new one would replace.
      if (factors && apps.length !== 1) return seeOther(PATHS.authenticators);
      const open = await findConnecting(env, session);
      if (!open) return show(firstPage(view, await choices(env, session)));
      const enrolled = apps.length === 1;
      return show(connectingPage(view, { secret: open.secret, email: session.user.email, enrolled }));
    },
  }),
  page({
    method: 'POST',
    path: `${AUTHENTICATOR}/start`,
    guard: 'steppedUp',
    async handle({ env, session, client }) {
      const started = await startConnecting(env, session, client);
      const isGated = isRefusal(started) && started.refused === 'access_code_required';
      return seeOther(isGated ? ACCESS_CODE : AUTHENTICATOR);
    },
  }),
  page({
    method: 'GET',
    path: ACCESS_CODE,
    guard: 'steppedUp',
    handle: ({ view, session }) => show(accessCodePage(view, { email: session.user.email, action: ACCESS_CODE })),
  }),
  page({
    method: 'POST',
    path: ACCESS_CODE,
    guard: 'steppedUp',
    form: codeForm,
    async handle({ env, view, session, client, input, formKey }) {
      const { id: ownerId, user } = session;
      const around = idempotentAround<true>({ env, formKey }, () => seeOther(AUTHENTICATOR));
      const bearer = { user, ownerId, client, authority: { kind: 'session', session } } as const;
      const refusal = await useAccessCode(env, bearer, input.code ?? '', around);
      if (isRefusal(refusal)) {
        return showRefusal(accessCodePage(view, { email: user.email, action: ACCESS_CODE, refusal }), refusal);
      }
      await startConnecting(env, session, client);
      return seeOther(AUTHENTICATOR);
    },
  }),
  page({
    method: 'POST',
    path: `${AUTHENTICATOR}/cancel`,
    guard: 'session',
    async handle({ env, session }) {
      await cancelConnecting(env, session);
      return seeOther(HOME);
    },
  }),
  page({ method: 'POST', path: AUTHENTICATOR, guard: 'steppedUp', form: codeForm, handle: submitConfirmation }),
  page({
    method: 'POST',
    path: `${AUTHENTICATOR}/turn-off`,
    guard: 'steppedUp',
    async handle({ env, view, session, client, formKey }) {
      const done = await idempotentForm(
        { env, formKey },
        (around) => turnOff(env, session, client, around),
        seeOther(HOME),
      );
      if (!isRefusal(done)) return done;
      return done.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : refusedChoice(env, view, session, done);
    },
  }),
  page({
    method: 'GET',
    path: CODES,
    guard: 'steppedUp',
    async handle({ env, view, session }) {
      const factors = await factorsOf(env.db.read, session.user.id);
      if (!factors || (await freezeOf(env, env.db.read, session, factors)) !== undefined)
        return seeOther(AUTHENTICATOR);
      return show(newCodesPage(view, await countRecoveryCodesLeft(env.db.read, session.user.id)));
    },
  }),
  page({
    method: 'POST',
    path: CODES,
    guard: 'steppedUp',
    async handle({ env, view, session, client, formKey }) {
      const shown = seeOther(PATHS.newRecoveryCodes);
      const made = await makeNewCodes(
        env,
        session,
        client,
        idempotentAround<true>({ env, formKey }, () => shown),
      );
      if (!isRefusal(made)) return shown;
      if (made.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
      if (made.refused === 'forbidden') return seeOther(AUTHENTICATOR);
      const left = await countRecoveryCodesLeft(env.db.read, session.user.id);
      return showRefusal(newCodesPage(view, left, made), made);
    },
  }),
  page({
    method: 'GET',
    path: SESSIONS,
    guard: 'session',
    handle: async ({ env, view, session }) => show(sessionsPage(view, await listPlaces(env, session))),
  }),
  page({
    method: 'POST',
    path: `${SESSIONS}/end`,
    guard: 'session',
    form: sessionForm,
    async handle({ env, session, client, input }) {
      // A session that has already ended needs no error: the list shows it.
      await endSession(env, session, input.id ?? '', client);
      return seeOther(SESSIONS);
    },
  }),
  page({
    method: 'POST',
    path: `${SESSIONS}/end-others`,
    guard: 'session',
    async handle(call) {
      const { session, client } = call;
      const ended = await idempotentForm(
        call,
        (around) => endOtherSessions(call.env, session, client, around),
        seeOther(HOME),
      );
      return isRefusal(ended) ? seeOther(PATHS.signIn) : ended;
    },
  }),
  ...passkeyRoutes,
  ...authenticatorsRoutes,
  ...authenticatorsApi,
  ...passwordRoutes,
  ...emailRoutes,
  ...trustedRoutes,
];

async function showOverview({ env, view, session }: PageCall<'session'>): Promise<Reply> {
  const { read } = env.db;
  const { user } = session;
  const factors = await factorsOf(read, user.id);
  const codesLeft = await countRecoveryCodesLeft(read, user.id);
  const places = await listPlaces(env, session);
  const notice = noticeOf(session.notice);
  if (notice) await env.db.transaction((tx) => setNotice(tx, session.id, null));
  const waiting = await findWaitingEmail(read, user.id, view.now);
  const frozenUntil = await freezeOf(env, env.db.read, session, factors);
  const signal = acceptedPasskeys(env, user.id, factors);
  const passwordSetAt = await findPasswordSetAt(read, user.id);
  const [demand, trusted] = [toldDemand(session, view.now), await countTrusted(env, session)];
  const shown = { email: user.email, waiting, frozenUntil, notice, factors, codesLeft, sessions: places.length };
  return show(overviewPage(view, { ...shown, signal, demand, trusted, passwordSetAt }));
}

async function submitConfirmation(call: PageCall<'steppedUp', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, view, session, client, input } = call;
  const open = await findConnecting(env, session);
  if (!open) return seeOther(AUTHENTICATOR);
  const code = readOneTimeCode(input.code);
  const around = idempotentAround<Connected>(call, (done) => wayOf(afterConnecting(done)));
  const connected = isRefusal(code) ? code : await connect(env, session, code, client, around);
  if (!isRefusal(connected)) return afterConnecting(connected);
  if (connected.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  if (connected.refused === 'enrollment_expired' || connected.refused === 'forbidden') return seeOther(AUTHENTICATOR);
  const enrolled = await isEnrolled(env, session);
  const again = { secret: open.secret, email: session.user.email, enrolled, refusal: connected, manual: input.manual };
  return showRefusal(connectingPage(view, again), connected);
}

function afterConnecting({ token, showsCodes }: Connected): Reply {
  return seeOther(showsCodes ? PATHS.newRecoveryCodes : HOME, [{ cookie: 'session', value: token }]);
}

async function refusedChoice(env: Env, view: View, session: Session, refusal: Refusal): Promise<Reply> {
  return showRefusal(firstPage(view, { ...(await choices(env, session)), refusal }), refusal);
}

async function choices(env: Env, session: Session) {
  const factors = await factorsOf(env.db.read, session.user.id);
  return {
    enrolled: factors !== undefined,
    canTurnOff: canTurnOff(session),
    kinds: kindsFor(env, session),
    frozenUntil: await freezeOf(env, env.db.read, session, factors),
    partnerName: session.partner?.name,
  };
}

async function isEnrolled(env: Env, { user }: Session): Promise<boolean> {
  return (await factorsOf(env.db.read, user.id)) !== undefined;
}
