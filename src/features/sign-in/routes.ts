import { z } from 'zod';
import { readOneTimeCode, readRecoveryCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { noticeOf } from '#core/sessions/notice.ts';
import { continuePath } from '#core/sessions/return-target.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import type { BegunSignIn } from '#flows/sign-in/begin-sign-in.ts';
import { offersTrust } from '#flows/trusted-devices/offer.ts';
import { wayOn } from '#http/guard.ts';
import { type CookieChange, type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { Person } from '#store/people/users.ts';
import type { View } from '#ui/view.ts';
import { lostPage } from './lost-page.ts';
import { noticePage, oneTimeCodePage, recoveryCodePage, signInPage, type TrustOffer } from './pages.ts';
import { signInWithPassword } from './password.ts';
import { type OpenedSignIn, signInWithOneTimeCode, signInWithRecoveryCode } from './second-factor.ts';

const passwordForm = z.object({
  email: typed('email').optional(),
  password: typed('password').optional(),
  return_to: typed('address').optional(),
});

const codeForm = z.object({ code: typed('code').optional() });
const oneTimeCodeForm = z.object({ code: typed('code').optional(), trust: typed('word').optional() });

export const signInRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/sign-in',
    guard: 'public',
    handle({ view, query, session }) {
      // A portal can require a signed-in person to sign in again, or as another person.
      const isAskedAgain = view.resume !== undefined && query.has('again');
      if (session && !isAskedAgain) return seeOther(wayOn(session, view.now));
      const hint = view.resume === undefined ? undefined : canonicalEmail(query.get('login_hint') ?? '');
      const returnTo = continuePath(view.restoredReturnTo ?? query.get('return_to') ?? '');
      const refusal = query.has('ended') ? refuse('sign_in_expired') : undefined;
      const [isLost, passwordSaved] = [query.has('lost'), query.has('password-saved')];
      return show(signInPage(view, { returnTo, email: view.restoredEmail ?? hint, passwordSaved, refusal, isLost }));
    },
  }),
  page({ method: 'POST', path: '/sign-in', guard: 'public', form: passwordForm, handle: submitPassword }),
  page({
    method: 'GET',
    path: '/sign-in/lost',
    guard: 'public',
    handle: ({ view, pending }) => show(lostPage(view, { isPending: pending !== undefined })),
  }),
  page({
    method: 'GET',
    path: '/sign-in/one-time-code',
    guard: 'pendingSignIn',
    handle: async ({ env, view, pending }) =>
      pending.budgetId === undefined
        ? seeOther(PATHS.enroll)
        : show(oneTimeCodePage(view, pending.user.email, await trustOffer(env, view, pending, view.restored?.trust))),
  }),
  page({
    method: 'POST',
    path: '/sign-in/one-time-code',
    guard: 'pendingSignIn',
    form: oneTimeCodeForm,
    keeps: ['trust'],
    handle: submitOneTimeCode,
  }),
  page({
    method: 'GET',
    path: '/sign-in/recovery-code',
    guard: 'pendingSignIn',
    handle: ({ view, pending }) =>
      pending.budgetId === undefined ? seeOther(PATHS.enroll) : show(recoveryCodePage(view, pending.user.email)),
  }),
  page({
    method: 'POST',
    path: '/sign-in/recovery-code',
    guard: 'pendingSignIn',
    form: codeForm,
    handle: submitRecoveryCode,
  }),
  page({
    method: 'GET',
    path: '/sign-in/notice',
    guard: 'session',
    handle({ view, session }) {
      const notice = noticeOf(session.notice);
      if (!notice || !('left' in notice)) return seeOther(session.continueTo);
      return show(noticePage(view, notice, session.continueTo));
    },
  }),
];

async function submitPassword(call: PageCall<'public', z.output<typeof passwordForm>>): Promise<Reply> {
  const { env, view, client, input } = call;
  const returnTo = continuePath(input.return_to ?? '');
  const again = (refusal: Refusal) => showRefusal(signInPage(view, { email: input.email, returnTo, refusal }), refusal);
  const email = canonicalEmail(input.email ?? '');
  if (email === undefined) return again(refuse('invalid_request', { reason: 'email' }));
  if (!input.password) return again(refuse('invalid_request', { reason: 'password' }));
  const { pending, session } = call;
  const { password } = input;
  const attempt = { email, password, channel: 'page', returnTo, client, held: { pending, session } } as const;
  const begun = await signInWithPassword(
    env,
    attempt,
    idempotentAround(call, (done) => wayOf(nextStep(done))),
  );
  return isRefusal(begun) ? again(begun) : nextStep(begun);
}

function nextStep(begun: BegunSignIn): Reply {
  switch (begun.state) {
    case 'complete':
      return seeOther(begun.session.continueTo, sessionCookies(begun.session));
    case 'second_factor_required':
      return seeOther('/sign-in/one-time-code', pendingCookies(begun));
    case 'enrollment_required':
    case 'enrollment_offered':
      return seeOther(PATHS.enroll, pendingCookies(begun));
  }
}

function pendingCookies({
  pendingToken,
  keepsSession,
}: Exclude<BegunSignIn, { state: 'complete' }>): readonly CookieChange[] {
  const pending = { cookie: 'pending', value: pendingToken } as const;
  return keepsSession ? [pending] : [pending, { cookie: 'session' }];
}

async function submitOneTimeCode(call: PageCall<'pendingSignIn', z.output<typeof oneTimeCodeForm>>): Promise<Reply> {
  const { env, view, client, input, pending } = call;
  if (pending.budgetId === undefined) return seeOther(PATHS.enroll);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const code = readOneTimeCode(input.code);
  const trusting = { ...pending, trusts: input.trust === TRUST };
  const opened = isRefusal(code) ? code : await signInWithOneTimeCode(env, trusting, code, client, around);
  if (!isRefusal(opened)) return openedReply(opened);
  const offer = await trustOffer(env, view, pending, input.trust);
  return showRefusal(oneTimeCodePage(view, pending.user.email, offer, opened), opened);
}

/** The value of a checked box. */
const TRUST = 'yes';

async function trustOffer(env: Env, view: View, person: Person, typed: string | undefined): Promise<TrustOffer> {
  return (await offersTrust(env, person, view.resume)) ? { checked: typed === TRUST } : undefined;
}

async function submitRecoveryCode(call: PageCall<'pendingSignIn', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, view, client, input, pending } = call;
  if (pending.budgetId === undefined) return seeOther(PATHS.enroll);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const code = readRecoveryCode(input.code);
  const opened = isRefusal(code) ? code : await signInWithRecoveryCode(env, pending, code, client, around);
  if (!isRefusal(opened)) return openedReply(opened);
  return showRefusal(recoveryCodePage(view, pending.user.email, opened), opened);
}

function openedReply({ session, landing }: OpenedSignIn): Reply {
  return seeOther(landing, sessionCookies(session));
}
