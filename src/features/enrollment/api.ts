import { z } from 'zod';
import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { encodeBase32, normalizeOneTimeCode, otpauthUri } from '#core/authenticators/totp.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import { api, type Route } from '#http/route.ts';
import { isAtSetUp } from '#store/sign-in/pending-sign-ins.ts';
import { drawQr } from '#ui/qr.ts';
import { codeBody, completeSchema, instantSchema, sessionAnswer } from '#wire/answers.ts';
import { creationOptionsSchema, creationSchema } from '#wire/webauthn.ts';
import {
  confirmAtSignIn,
  type EnrolledSignIn,
  giveAccessCode,
  skipAtSignIn,
  startAtSignIn,
  startPasskeyAtSignIn,
} from './at-sign-in.ts';

/** The recovery codes come with a first authenticator. */
const enrolledSchema = completeSchema.extend({ recoveryCodes: z.array(z.string()).optional() });

function enrolledAnswer({ session, recoveryCodes }: EnrolledSignIn) {
  const codes = recoveryCodes && { recoveryCodes: [...recoveryCodes] };
  return { state: 'complete' as const, session: sessionAnswer(session), ...codes };
}

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
      const uri = otpauthUri({ secret, issuer: env.brand().issuer, email: pending.user.email });
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
      if (!isAtSetUp(pending)) return refuse('forbidden', { reason: 'already_enrolled' });
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
    answer: enrolledSchema,
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
      const enrolled = await confirmAtSignIn(env, pending, { kind: 'totp', code }, client);
      return isRefusal(enrolled) ? enrolled : enrolledAnswer(enrolled);
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment/passkey/options',
    guard: 'pendingSignIn',
    summary: 'What a browser needs to create a passkey as the authenticator',
    answer: z.strictObject({ expiresAt: instantSchema, options: creationOptionsSchema }),
    refusals: ['forbidden', 'access_code_required', 'too_many_attempts'],
    async handle({ env, pending, client }) {
      const started = await startPasskeyAtSignIn(env, pending, client);
      if (isRefusal(started)) return started;
      return { expiresAt: instant(started.expiresAt), options: started.options };
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/enrollment/passkey',
    guard: 'pendingSignIn',
    summary: 'Confirm the passkey; with a first authenticator the recovery codes are answered this once',
    body: creationSchema,
    answer: enrolledSchema,
    refusals: [
      ...(['passkey_refused', 'challenge_expired', 'too_many_attempts'] as const),
      ...(['temporarily_unavailable', 'forbidden'] as const),
    ],
    async handle({ env, pending, client, input }) {
      const enrolled = await confirmAtSignIn(env, pending, { kind: 'passkey', creation: input }, client);
      return isRefusal(enrolled) ? enrolled : enrolledAnswer(enrolled);
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
