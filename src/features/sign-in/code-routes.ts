import { z } from 'zod';
import type { SecondFactor } from '#core/authenticators/assurance.ts';
import { readOneTimeCode, readRecoveryCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { offersTrust } from '#flows/trusted-devices/offer.ts';
import { type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Person } from '#store/people/users.ts';
import { isAtSetUp, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { View } from '#ui/view.ts';
import { type CodePage, oneTimeCodePage, recoveryCodePage, type TrustOffer } from './pages.ts';
import { type OpenedSignIn, signInWithOneTimeCode, signInWithRecoveryCode } from './second-factor.ts';

const codeForm = z.object({ code: typed('code').optional() });
const oneTimeCodeForm = z.object({
  code: typed('code').optional(),
  trust: typed('word').optional(),
  device: typed('word').optional(),
});

/** The second factors that a person types. */
export const codeRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATHS.oneTimeCode, guard: 'pendingSignIn', handle: (call) => showCodes(call, 'totp') }),
  page({
    method: 'POST',
    path: PATHS.oneTimeCode,
    guard: 'pendingSignIn',
    form: oneTimeCodeForm,
    keeps: ['trust'],
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

async function submitOneTimeCode(call: PageCall<'pendingSignIn', z.output<typeof oneTimeCodeForm>>): Promise<Reply> {
  const { env, client, input, pending } = call;
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const code = readOneTimeCode(input.code);
  const wishes = { trusts: input.trust === TRUST, canHoldPasskey: input.device === CAN_HOLD_PASSKEY };
  const opened = isRefusal(code)
    ? code
    : await signInWithOneTimeCode(env, { ...pending, ...wishes }, code, client, around);
  if (!isRefusal(opened)) return openedReply(opened);
  return showCodesAgain(call, 'totp', opened, input.trust);
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

type CodeKind = 'totp' | 'recovery_code';
type CodeCall = Pick<PageCall<'pendingSignIn'>, 'env' | 'view' | 'pending'>;

/** The page for a code, or the one for what the person has instead. */
async function showCodes(call: CodeCall, kind: CodeKind): Promise<Reply> {
  const { env, view, pending } = call;
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const methods = await offeredMethods(env, pending);
  if (kind === 'totp' && !methods.includes('totp') && methods.includes('passkey')) return seeOther(PATHS.passkey);
  return show(await draw(call, kind, { email: pending.user.email, methods }, view.restored?.trust));
}

async function showCodesAgain(call: CodeCall, kind: CodeKind, refusal: Refusal, trust?: string): Promise<Reply> {
  const { env, pending } = call;
  const methods = await offeredMethods(env, pending);
  return showRefusal(await draw(call, kind, { email: pending.user.email, methods, refusal }, trust), refusal);
}

async function draw(call: CodeCall, kind: CodeKind, page: CodePage, trust: string | undefined) {
  const { env, view, pending } = call;
  if (kind === 'recovery_code') return recoveryCodePage(view, page);
  return oneTimeCodePage(view, page, await trustOffer(env, view, pending, trust));
}

/** The value of a checked box. */
const TRUST = 'yes';

/** What a script fills in (public/page.js). */
const CAN_HOLD_PASSKEY = 'passkey';

async function trustOffer(env: Env, view: View, person: Person, typed: string | undefined): Promise<TrustOffer> {
  return (await offersTrust(env, person, view.resume)) ? { checked: typed === TRUST } : undefined;
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
