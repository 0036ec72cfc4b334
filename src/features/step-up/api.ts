import { z } from 'zod';
import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { normalizeOneTimeCode } from '#core/authenticators/totp.ts';
import { STEP_UP_AGE_SECONDS } from '#core/sessions/session.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, type Refusal, type RefusalCode, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { codeBody, instantSchema } from '#wire/answers.ts';
import { assertionSchema, requestOptionsSchema } from '#wire/webauthn.ts';
import {
  askForStepUpPasskey,
  type Raised,
  stepUpWithOneTimeCode,
  stepUpWithPasskey,
  stepUpWithPassword,
  stepUpWithRecoveryCode,
} from './prove.ts';

const steppedUp = z.strictObject({ expiresAt: instantSchema });

/** A program keeps its token: nobody else has it, and a page's cookie is another token. */
function answerOf(env: Env, raised: Raised | Refusal) {
  return isRefusal(raised) ? raised : { expiresAt: instant(env.now() + STEP_UP_AGE_SECONDS) };
}

const LIMITS: readonly RefusalCode[] = ['too_many_attempts', 'temporarily_unavailable', 'forbidden'];

export const stepUpApi: readonly Route[] = [
  api({
    method: 'POST',
    path: '/api/v1/step-up/one-time-code',
    guard: 'session',
    summary: 'Prove a one-time code again: for five minutes it opens the calls that need a step-up',
    body: codeBody,
    answer: steppedUp,
    refusals: [
      ...(['code_incorrect', 'code_expired', 'code_already_used'] as const),
      ...(['authenticator_paused', 'authenticator_disabled'] as const),
      ...LIMITS,
    ],
    async handle({ env, session, client, input }) {
      const code = normalizeOneTimeCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      return answerOf(env, await stepUpWithOneTimeCode(env, session, code, client));
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/step-up/recovery-code',
    guard: 'session',
    summary: 'The same with a recovery code, which is used up',
    body: codeBody,
    answer: steppedUp,
    refusals: ['recovery_code_incorrect', 'recovery_code_already_used', ...LIMITS],
    async handle({ env, session, client, input }) {
      const code = normalizeRecoveryCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      return answerOf(env, await stepUpWithRecoveryCode(env, session, code, client));
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/step-up/passkey/options',
    guard: 'session',
    summary: 'What a browser needs to prove a passkey again',
    answer: requestOptionsSchema,
    refusals: ['forbidden'],
    handle: ({ env, session, client }) => askForStepUpPasskey(env, session, client),
  }),
  api({
    method: 'POST',
    path: '/api/v1/step-up/passkey',
    guard: 'session',
    summary: 'The same with a passkey',
    body: assertionSchema,
    answer: steppedUp,
    refusals: ['passkey_refused', 'challenge_expired', ...LIMITS],
    async handle({ env, session, client, input }) {
      return answerOf(env, await stepUpWithPasskey(env, session, input, client));
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/step-up/password',
    guard: 'session',
    summary: 'The same with the password, for a person without an authenticator',
    body: z.strictObject({ password: typed('password') }),
    answer: steppedUp,
    refusals: ['invalid_credentials', 'step_up_required', ...LIMITS],
    async handle({ env, session, client, input }) {
      return answerOf(env, await stepUpWithPassword(env, session, input.password, client));
    },
  }),
];
