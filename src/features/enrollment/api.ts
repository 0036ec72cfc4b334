import { z } from 'zod';
import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { encodeBase32, normalizeOneTimeCode, otpauthUri } from '#core/authenticators/totp.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import { api, type Route } from '#http/route.ts';
import { drawQr } from '#ui/qr.ts';
import { codeBody, completeSchema, instantSchema, sessionAnswer } from '#wire/answers.ts';
import { confirmAtSignIn, giveAccessCode, skipAtSignIn, startAtSignIn } from './at-sign-in.ts';

export const enrollmentApi: readonly Route[] = [
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment',
    guard: 'pendingSignIn',
    summary: 'Start setting up an authenticator app; asked again, it answers the same secret',
    answer: z.strictObject({ secret: z.string(), otpauthUri: z.string(), qrSvg: z.string(), expiresAt: instantSchema }),
    refusals: ['forbidden', 'enrollment_expired', 'access_code_required', 'too_many_attempts'],
    async handle({ env, pending, client }) {
      const started = await startAtSignIn(env, pending, client);
      if (isRefusal(started)) return started;
      const { secret, expiresAt } = started;
      const uri = otpauthUri({ secret, issuer: env.config.productName, email: pending.user.email });
      return { secret: encodeBase32(secret), otpauthUri: uri, qrSvg: drawQr(uri), expiresAt: instant(expiresAt) };
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment/access-code',
    guard: 'pendingSignIn',
    summary: 'Give the temporary access code that a reset by staff asks for; it opens the set-up to this sign-in alone',
    body: codeBody,
    refusals: ['forbidden', 'access_code_incorrect', 'access_code_expired'],
    async handle({ env, pending, client, input }) {
      const code = normalizeRecoveryCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      if (pending.budgetId !== undefined) return refuse('forbidden', { reason: 'already_enrolled' });
      const used = await giveAccessCode(env, pending, code, client);
      return isRefusal(used) ? used : undefined;
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment/confirm',
    guard: 'pendingSignIn',
    summary: 'Confirm the authenticator app with a code; the recovery codes are answered this once',
    body: codeBody,
    answer: completeSchema.extend({ recoveryCodes: z.array(z.string()) }),
    refusals: [
      'code_incorrect',
      'code_expired',
      'enrollment_expired',
      'too_many_attempts',
      'temporarily_unavailable',
      'forbidden',
    ],
    async handle({ env, pending, client, input }) {
      const code = normalizeOneTimeCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      const enrolled = await confirmAtSignIn(env, pending, code, client);
      if (isRefusal(enrolled)) return enrolled;
      const session = sessionAnswer(enrolled.session);
      return { state: 'complete' as const, session, recoveryCodes: [...enrolled.recoveryCodes] };
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment/skip',
    guard: 'pendingSignIn',
    summary: 'Put the set-up off, where the state is enrollment_offered',
    answer: completeSchema,
    refusals: ['forbidden'],
    async handle({ env, pending, client }) {
      const session = await skipAtSignIn(env, pending, client);
      return isRefusal(session) ? session : { state: 'complete' as const, session: sessionAnswer(session) };
    },
  }),
];
