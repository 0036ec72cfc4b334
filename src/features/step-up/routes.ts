import { z } from 'zod';
import { readOneTimeCode, readRecoveryCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { ACT_STEP_UP_AGE_SECONDS, isSteppedUp, STEP_UP_AGE_SECONDS } from '#core/sessions/session.ts';
import { MINUTE_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { json, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal, statusOf } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { readAssertion } from '#wire/webauthn.ts';
import { stepUpApi } from './api.ts';
import { type CodeMethod, stepUpPage, stepUpPasskeyPage } from './pages.ts';
import {
  askForStepUpPasskey,
  type Raised,
  stepUpKinds,
  stepUpWithOneTimeCode,
  stepUpWithPasskey,
  stepUpWithPassword,
  stepUpWithRecoveryCode,
} from './prove.ts';

const proofForm = z.object({ code: typed('code').optional(), password: typed('password').optional() });
const credentialForm = z.object({ credential: typed('credential').optional() });
type Submitted = PageCall<'session', z.output<typeof proofForm>>;

export const stepUpRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATHS.stepUp, guard: 'session', handle: showFirst }),
  page({ method: 'POST', path: PATHS.stepUp, guard: 'session', form: proofForm, handle: submitProof }),
  page({
    method: 'GET',
    path: PATHS.stepUpRecoveryCode,
    guard: 'session',
    async handle({ env, view, session }) {
      const kinds = await stepUpKinds(env, session);
      if (!kinds) return seeOther(PATHS.stepUp);
      return show(stepUpPage(view, 'recovery_code', { ...whoOf(session), kinds }));
    },
  }),
  page({
    method: 'POST',
    path: PATHS.stepUpRecoveryCode,
    guard: 'session',
    form: proofForm,
    handle: submitRecoveryCode,
  }),
  page({ method: 'GET', path: PATHS.stepUpPasskey, guard: 'session', handle: (call) => showPasskey(call) }),
  page({ method: 'POST', path: PATHS.stepUpPasskey, guard: 'session', form: credentialForm, handle: submitPasskey }),
  page({
    method: 'POST',
    path: '/step-up/passkey/options',
    guard: 'session',
    async handle({ env, session, client }) {
      const options = await askForStepUpPasskey(env, session, client);
      return isRefusal(options) ? json({ code: options.refused }, statusOf(options.refused)) : json(options);
    },
  }),
  ...stepUpApi,
];

async function showFirst({ env, view, session, query }: PageCall<'session'>): Promise<Reply> {
  const kinds = await stepUpKinds(env, session);
  // A password is enough only without an authenticator. A portal that requires a second factor would loop here.
  const hasProven = kinds === undefined || session.stepUpMethod !== 'password';
  if (hasProven && isSteppedUp(session, env.now())) return seeOther(targetOf(session));
  const asked = query.get('with') === 'totp' && kinds?.includes('totp') ? 'totp' : kinds?.[0];
  if (asked === 'passkey') return seeOther(PATHS.stepUpPasskey);
  if (kinds && asked === undefined) return seeOther(PATHS.stepUpRecoveryCode);
  return show(stepUpPage(view, asked ?? 'password', { ...whoOf(session), kinds: kinds ?? [] }));
}

async function submitProof(call: Submitted): Promise<Reply> {
  const { env, session, client, input } = call;
  const around = aroundOf(call);
  if (!(await stepUpKinds(env, session))) {
    const raised = await stepUpWithPassword(env, session, input.password ?? '', client, around);
    return answer(call, 'password', raised);
  }
  const code = readOneTimeCode(input.code);
  if (isRefusal(code)) return answer(call, 'totp', code);
  return answer(call, 'totp', await stepUpWithOneTimeCode(env, session, code, client, around));
}

async function submitRecoveryCode(call: Submitted): Promise<Reply> {
  const { env, session, client, input } = call;
  const code = readRecoveryCode(input.code);
  const around = aroundOf(call);
  if (isRefusal(code)) return answer(call, 'recovery_code', code);
  return answer(call, 'recovery_code', await stepUpWithRecoveryCode(env, session, code, client, around));
}

type PasskeyCall = Pick<PageCall<'session'>, 'env' | 'view' | 'session'>;

async function showPasskey({ env, view, session }: PasskeyCall, refusal?: Refusal): Promise<Reply> {
  const kinds = await stepUpKinds(env, session);
  if (!kinds?.includes('passkey')) return seeOther(PATHS.stepUp);
  const drawn = stepUpPasskeyPage(view, { ...whoOf(session), kinds, refusal });
  return refusal ? showRefusal(drawn, refusal) : show(drawn);
}

async function submitPasskey(call: PageCall<'session', z.output<typeof credentialForm>>): Promise<Reply> {
  const { env, session, client, input } = call;
  const assertion = readAssertion(input.credential);
  const raised = assertion
    ? await stepUpWithPasskey(env, session, assertion, client, aroundOf(call))
    : refuse('challenge_expired');
  if (!isRefusal(raised)) return raisedReply(session, raised);
  return raised.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : showPasskey(call, raised);
}

function aroundOf(call: Pick<Submitted, 'env' | 'formKey' | 'session'>) {
  return idempotentAround<Raised>(call, () => seeOther(targetOf(call.session)));
}

async function answer({ env, view, session }: Submitted, method: CodeMethod, raised: Raised | Refusal): Promise<Reply> {
  if (!isRefusal(raised)) return raisedReply(session, raised);
  if (raised.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  const kinds = (await stepUpKinds(env, session)) ?? [];
  return showRefusal(stepUpPage(view, method, { ...whoOf(session), kinds, refusal: raised }), raised);
}

function raisedReply(session: Session, { token }: Raised): Reply {
  return seeOther(targetOf(session), token === undefined ? [] : [{ cookie: 'session', value: token }]);
}

/** The person, and for how many minutes the proof is enough: longer for acts on others than for one's own account. */
function whoOf(session: Session) {
  const [first = ''] = targetOf(session).split('?');
  const isAct = [PATHS.console, PATHS.team].some((path) => first === path || first.startsWith(`${path}/`));
  const seconds = isAct ? ACT_STEP_UP_AGE_SECONDS : STEP_UP_AGE_SECONDS;
  return { email: session.user.email, minutes: seconds / MINUTE_SECONDS };
}

function targetOf({ stepUpTo }: Session): string {
  return stepUpTo ?? PATHS.security;
}
