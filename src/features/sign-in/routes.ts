import { z } from 'zod';
import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import { PATHS } from '#core/paths.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { noticeOf } from '#core/sessions/notice.ts';
import { continuePath } from '#core/sessions/return-target.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import { findRelyingParty } from '#flows/authenticators/passkey-challenge.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import type { BegunSignIn } from '#flows/sign-in/begin-sign-in.ts';
import { wayOn } from '#http/guard.ts';
import { type CookieChange, type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { codeRoutes } from './code-routes.ts';
import { lostPage } from './lost-page.ts';
import { noticePage, signInPage } from './pages.ts';
import { passkeyRoutes } from './passkey-routes.ts';
import { signInWithPassword } from './password.ts';

const passwordForm = z.object({
  email: typed('email').optional(),
  password: typed('password').optional(),
  return_to: typed('address').optional(),
});

export const signInRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/sign-in',
    guard: 'public',
    handle({ env, view, query, session }) {
      // A portal can require a signed-in person to sign in again, or as another person.
      const isAskedAgain = view.resume !== undefined && query.has('again');
      if (session && !isAskedAgain) return seeOther(wayOn(session, view.now));
      const hint = view.resume === undefined ? undefined : canonicalEmail(query.get('login_hint') ?? '');
      const returnTo = continuePath(view.restoredReturnTo ?? query.get('return_to') ?? '');
      const refusal = query.has('ended') ? refuse('sign_in_expired') : undefined;
      const [isLost, passwordSaved] = [query.has('lost'), query.has('password-saved')];
      const offersPasskeys = findRelyingParty(env.config) !== undefined;
      const email = view.restoredEmail ?? hint;
      const isSignedOut = query.has('signed-out');
      return show(signInPage(view, { returnTo, email, passwordSaved, isSignedOut, refusal, isLost, offersPasskeys }));
    },
  }),
  page({ method: 'POST', path: '/sign-in', guard: 'public', form: passwordForm, handle: submitPassword }),
  page({
    method: 'GET',
    path: '/sign-in/lost',
    guard: 'public',
    handle: ({ view, pending }) => show(lostPage(view, { isPending: pending !== undefined })),
  }),
  ...codeRoutes,
  ...passkeyRoutes,
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
  const offersPasskeys = findRelyingParty(env.config) !== undefined;
  const again = (refusal: Refusal) =>
    showRefusal(signInPage(view, { email: input.email, returnTo, refusal, offersPasskeys }), refusal);
  const email = canonicalEmail(input.email ?? '');
  const { password } = input;
  const unfit = refuseFields([email === undefined && 'email', !password && 'password']);
  if (unfit || email === undefined || !password) return again(unfit ?? refuse('invalid_request'));
  const { pending, session } = call;
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
      return seeOther(firstPage(begun.secondFactor?.kinds), pendingCookies(begun));
    case 'enrollment_required':
    case 'enrollment_offered':
      return seeOther(PATHS.enroll, pendingCookies(begun));
  }
}

/** The page of the factor used last. With neither kind left, a recovery code remains. */
function firstPage([first]: readonly AuthenticatorKind[] = []): string {
  if (first === undefined) return PATHS.recoveryCode;
  return first === 'passkey' ? PATHS.passkey : PATHS.oneTimeCode;
}

function pendingCookies({
  pendingToken,
  keepsSession,
}: Exclude<BegunSignIn, { state: 'complete' }>): readonly CookieChange[] {
  const pending = { cookie: 'pending', value: pendingToken } as const;
  return keepsSession ? [pending] : [pending, { cookie: 'session' }];
}
