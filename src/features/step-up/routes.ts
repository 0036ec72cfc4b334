import { z } from 'zod';
import { readOneTimeCode, readRecoveryCode } from '#core/authenticators/typed-code.ts';
import { PATHS } from '#core/paths.ts';
import { ACT_STEP_UP_AGE_SECONDS, isSteppedUp, STEP_UP_AGE_SECONDS } from '#core/sessions/session.ts';
import { MINUTE_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { type StepUpMethod, stepUpPage } from './pages.ts';
import { type Raised, stepUpWithOneTimeCode, stepUpWithPassword, stepUpWithRecoveryCode } from './prove.ts';

const proofForm = z.object({ code: typed('code').optional(), password: typed('password').optional() });
type Submitted = PageCall<'session', z.output<typeof proofForm>>;

export const stepUpRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/step-up',
    guard: 'session',
    async handle({ env, view, session }) {
      const method = await methodOf(env, session);
      // A password is enough only without an authenticator. A portal that requires a second factor would loop here.
      const hasProven = method === 'password' || session.stepUpMethod !== 'password';
      if (hasProven && isSteppedUp(session, env.now())) return seeOther(targetOf(session));
      return show(stepUpPage(view, method, whoOf(session)));
    },
  }),
  page({ method: 'POST', path: '/step-up', guard: 'session', form: proofForm, handle: submitProof }),
  page({
    method: 'GET',
    path: '/step-up/recovery-code',
    guard: 'session',
    async handle({ env, view, session }) {
      if ((await methodOf(env, session)) === 'password') return seeOther('/step-up');
      return show(stepUpPage(view, 'recovery_code', whoOf(session)));
    },
  }),
  page({
    method: 'POST',
    path: '/step-up/recovery-code',
    guard: 'session',
    form: proofForm,
    handle: submitRecoveryCode,
  }),
];

async function submitProof(call: Submitted): Promise<Reply> {
  const { env, session, client, input } = call;
  const method = await methodOf(env, session);
  const around = aroundOf(call);
  if (method === 'password') {
    const raised = await stepUpWithPassword(env, session, input.password ?? '', client, around);
    return answer(call, method, raised);
  }
  const code = readOneTimeCode(input.code);
  if (isRefusal(code)) return answer(call, method, code);
  return answer(call, method, await stepUpWithOneTimeCode(env, session, code, client, around));
}

async function submitRecoveryCode(call: Submitted): Promise<Reply> {
  const { env, session, client, input } = call;
  const code = readRecoveryCode(input.code);
  const around = aroundOf(call);
  if (isRefusal(code)) return answer(call, 'recovery_code', code);
  return answer(call, 'recovery_code', await stepUpWithRecoveryCode(env, session, code, client, around));
}

function aroundOf(call: Submitted) {
  return idempotentAround<Raised>(call, () => seeOther(targetOf(call.session)));
}

function answer({ view, session }: Submitted, method: StepUpMethod, raised: Raised | Refusal): Reply {
  if (!isRefusal(raised)) return seeOther(targetOf(session), [{ cookie: 'session', value: raised.token }]);
  if (raised.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  return showRefusal(stepUpPage(view, method, whoOf(session), raised), raised);
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

async function methodOf(env: Env, { user }: Session): Promise<'totp' | 'password'> {
  return (await factorsOf(env.db.read, user.id)) ? 'totp' : 'password';
}
