import { z } from 'zod';
import { readOneTimeCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { isStaff } from '#core/people/policy.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import type { NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { deadlineOf, stateOf } from '#flows/sign-in/sign-in-state.ts';
import { codesWait } from '#http/guard.ts';
import { type Reply, seeOther, sessionCookies, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { isAtSetUp, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { View } from '#ui/view.ts';
import {
  confirmAtSignIn,
  type EnrolledSignIn,
  findAtSignIn,
  giveAccessCode,
  skipAtSignIn,
  startAtSignIn,
} from './at-sign-in.ts';
import { acknowledgeCodes, readCodesCopy } from './codes-copy.ts';
import { codeBeforePage, connectPage, promptPage, recoveryCodesFile, recoveryCodesPage } from './pages.ts';
import { enrollPasskeyRoutes } from './passkey-routes.ts';

const codeForm = z.object({ code: typed('code').optional(), manual: typed('word').optional() });
const doneForm = z.object({ saved: typed('word').optional() });

const ACCESS_CODE = '/enroll/access-code';
const CODES = '/enroll/recovery-codes';

export const enrollmentRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/enroll',
    guard: 'pendingSignIn',
    handle: ({ view, pending, query }) =>
      isAtSetUp(pending) ? show(prompt(view, pending, query.has('ended'))) : seeOther(PATHS.oneTimeCode),
  }),
  page({
    method: 'POST',
    path: '/enroll',
    guard: 'pendingSignIn',
    async handle({ env, pending, client }) {
      const started = await startAtSignIn(env, pending, client);
      return seeOther(isRefusal(started) ? wayAfter(started) : '/enroll/authenticator');
    },
  }),
  page({
    method: 'GET',
    path: ACCESS_CODE,
    guard: 'pendingSignIn',
    handle: ({ view, pending }) =>
      isAtSetUp(pending) ? show(codeBeforePage(view, pending.user.email)) : seeOther(PATHS.oneTimeCode),
  }),
  page({ method: 'POST', path: ACCESS_CODE, guard: 'pendingSignIn', form: codeForm, handle: submitAccessCode }),
  page({
    method: 'POST',
    path: '/enroll/skip',
    guard: 'pendingSignIn',
    async handle({ env, view, pending, client, formKey }) {
      const around = idempotentAround<NewSession>({ env, formKey }, ({ continueTo }) => seeOther(continueTo));
      const session = await skipAtSignIn(env, pending, client, around);
      if (!isRefusal(session)) return seeOther(session.continueTo, sessionCookies(session));
      if (session.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
      return showRefusal(prompt(view, pending, false), session);
    },
  }),
  page({
    method: 'GET',
    path: '/enroll/authenticator',
    guard: 'pendingSignIn',
    async handle({ env, view, pending }) {
      if (!isAtSetUp(pending)) return seeOther(PATHS.oneTimeCode);
      const open = await findAtSignIn(env, pending);
      if (!open) return seeOther('/enroll');
      const hasPasskeys = kindsFor(env, pending).includes('passkey');
      return show(connectPage(view, { secret: open.secret, email: pending.user.email, hasPasskeys }));
    },
  }),
  ...enrollPasskeyRoutes,
  page({
    method: 'POST',
    path: '/enroll/authenticator',
    guard: 'pendingSignIn',
    form: codeForm,
    handle: submitConfirmation,
  }),
  page({
    method: 'GET',
    path: CODES,
    guard: 'session',
    async handle({ env, view, session }) {
      const codes = await shownCodes(env, session);
      return codes ? show(recoveryCodesPage(view, codes)) : seeOther(session.continueTo);
    },
  }),
  page({
    method: 'GET',
    path: `${CODES}.txt`,
    guard: 'session',
    async handle({ env, view, session }) {
      const codes = await shownCodes(env, session);
      if (!codes) return seeOther(session.continueTo);
      const body = recoveryCodesFile(view, codes, session.user.email);
      return {
        status: 200,
        file: { type: 'text/plain; charset=utf-8', body, name: 'recovery-codes.txt' },
        cookies: [],
      };
    },
  }),
  page({
    method: 'POST',
    path: CODES,
    guard: 'session',
    form: doneForm,
    async handle({ env, view, session, client, input }) {
      const codes = await shownCodes(env, session);
      if (codes && input.saved === undefined) return show(recoveryCodesPage(view, codes, true), 422);
      // A person who cannot see the codes cannot confirm that they saved them.
      if (codes) await acknowledgeCodes(env, session, client);
      // Codes made on the security page leave a notice there. Codes of a sign-in lead to the portal.
      return seeOther(session.notice === undefined ? session.continueTo : PATHS.security);
    },
  }),
];

function wayAfter({ refused, reason }: Refusal): string {
  // The policy wants a passkey, so there is no secret to show.
  if (reason === 'kind_not_allowed') return '/enroll/passkey';
  if (refused === 'access_code_required') return ACCESS_CODE;
  return refused === 'forbidden' ? PATHS.oneTimeCode : '/enroll?ended';
}

/** A correct access code leads directly to the secret that it unlocked. */
async function submitAccessCode(call: PageCall<'pendingSignIn', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, view, pending, client, input } = call;
  if (!isAtSetUp(pending)) return seeOther(PATHS.oneTimeCode);
  // A repeated submit leads to the prompt, and from there to the unlocked secret.
  const around = idempotentAround<true>(call, () => seeOther('/enroll/authenticator'));
  const used = await giveAccessCode(env, pending, input.code ?? '', client, around);
  if (isRefusal(used)) return showRefusal(codeBeforePage(view, pending.user.email, used), used);
  const started = await startAtSignIn(env, pending, client);
  return seeOther(isRefusal(started) ? wayAfter(started) : '/enroll/authenticator');
}

/** Only a session whose second factor was proven within the lifetime of the copy may see the codes. */
async function shownCodes(env: Env, session: GrantedSession): Promise<readonly string[] | undefined> {
  return codesWait(session, env.now()) ? readCodesCopy(env, session) : undefined;
}

function prompt(view: View, pending: PendingSignIn, ended: boolean) {
  const { user, partner } = pending;
  return promptPage(view, {
    isStaff: isStaff(user.role),
    partnerName: partner?.name,
    canSkip: stateOf(pending, view.now) === 'enrollment_offered',
    deadlineAt: deadlineOf(pending, view.now),
    isReset: pending.awaitsAccessCode,
    needsPasskey: pending.proven !== undefined,
    ended,
  });
}

async function submitConfirmation(call: PageCall<'pendingSignIn', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, view, pending, client, input } = call;
  if (!isAtSetUp(pending)) return seeOther(PATHS.oneTimeCode);
  const open = await findAtSignIn(env, pending);
  if (!open) return seeOther('/enroll?ended');
  const code = readOneTimeCode(input.code);
  const around = idempotentAround<EnrolledSignIn>(call, () => seeOther(CODES));
  const confirmed = isRefusal(code)
    ? code
    : await confirmAtSignIn(env, pending, { kind: 'totp', code }, client, around);
  if (!isRefusal(confirmed)) return seeOther(CODES, sessionCookies(confirmed.session));
  if (confirmed.refused === 'enrollment_expired') return seeOther('/enroll?ended');
  if (confirmed.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  const { secret } = open;
  const hasPasskeys = kindsFor(env, pending).includes('passkey');
  const { email } = pending.user;
  return showRefusal(
    connectPage(view, { secret, email, hasPasskeys, refusal: confirmed, manual: input.manual }),
    confirmed,
  );
}
