import { z } from 'zod';
import type { SecondFactor } from '#core/authenticators/assurance.ts';
import { readOneTimeCode, readRecoveryCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { isAtSetUp, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { oneTimeCodePage, recoveryCodePage } from './pages.ts';
import { type OpenedSignIn, signInWithOneTimeCode, signInWithRecoveryCode } from './second-factor.ts';

const codeForm = z.object({ code: typed('code').optional() });

/** The second factors that a person types. */
export const codeRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATHS.oneTimeCode, guard: 'pendingSignIn', handle: (call) => showCodes(call, 'totp') }),
  page({
    method: 'POST',
    path: PATHS.oneTimeCode,
    guard: 'pendingSignIn',
    form: codeForm,
    handle: submitOneTimeCode,
  }),
  page({
    method: 'GET',
    path: PATHS.recoveryCode,
    guard: 'pendingSignIn',
    handle: (call) => showCodes(call, 'recovery_code'),
  }),
  page({
    method: 'POST',
    path: PATHS.recoveryCode,
    guard: 'pendingSignIn',
    form: codeForm,
    handle: submitRecoveryCode,
  }),
];

async function submitOneTimeCode(call: PageCall<'pendingSignIn', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, client, input, pending } = call;
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const code = readOneTimeCode(input.code);
  const opened = isRefusal(code) ? code : await signInWithOneTimeCode(env, pending, code, client, around);
  if (!isRefusal(opened)) return openedReply(opened);
  return showCodesAgain(call, 'totp', opened);
}

async function submitRecoveryCode(call: PageCall<'pendingSignIn', z.output<typeof codeForm>>): Promise<Reply> {
  const { env, client, input, pending } = call;
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const code = readRecoveryCode(input.code);
  const opened = isRefusal(code) ? code : await signInWithRecoveryCode(env, pending, code, client, around);
  if (!isRefusal(opened)) return openedReply(opened);
  return showCodesAgain(call, 'recovery_code', opened);
}

type CodeCall = Pick<PageCall<'pendingSignIn'>, 'env' | 'view' | 'pending'>;

/** The page for a code, or the one for what the person has instead. */
async function showCodes({ env, view, pending }: CodeCall, kind: 'totp' | 'recovery_code'): Promise<Reply> {
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const methods = await offeredMethods(env, pending);
  if (kind === 'totp' && !methods.includes('totp') && methods.includes('passkey')) return seeOther(PATHS.passkey);
  const page = kind === 'totp' ? oneTimeCodePage : recoveryCodePage;
  return show(page(view, { email: pending.user.email, methods }));
}

async function showCodesAgain(call: CodeCall, kind: 'totp' | 'recovery_code', refusal: Refusal): Promise<Reply> {
  const { env, view, pending } = call;
  const page = kind === 'totp' ? oneTimeCodePage : recoveryCodePage;
  const methods = await offeredMethods(env, pending);
  return showRefusal(page(view, { email: pending.user.email, methods, refusal }), refusal);
}

/** The next page after an accepted second factor. */
export function openedReply(opened: OpenedSignIn): Reply {
  if (opened.kind === 'passkey_needed') return seeOther(PATHS.enroll);
  return seeOther(opened.landing, sessionCookies(opened.session));
}

/** What the pages of a sign-in offer: what the person has, even if it is paused, because its page says for how long. */
export async function offeredMethods(env: Env, pending: PendingSignIn): Promise<readonly SecondFactor[]> {
  const factors = await factorsOf(env.db.read, pending.user.id);
  return factors ? [...provableKinds(env, pending, factors), 'recovery_code'] : [];
}
