import { z } from 'zod';
import { acrOf } from '#core/authenticators/assurance.ts';
import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { normalizeOneTimeCode } from '#core/authenticators/totp.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { deadlineOf, methodsOf, stateOf, workingMethods } from '#flows/sign-in/sign-in-state.ts';
import { endOneSession } from '#flows/sign-in/sign-out.ts';
import { api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { codeBody, instantSchema, sessionAnswer, sessionSchema } from '#wire/answers.ts';
import { passkeyApi } from './passkey-api.ts';
import { signInWithPassword } from './password.ts';
import { type OpenedSignIn, signInWithOneTimeCode, signInWithRecoveryCode } from './second-factor.ts';

const pendingState = z.enum(['second_factor_required', 'enrollment_required', 'enrollment_offered']);
const methods = z.array(z.enum(['totp', 'passkey', 'recovery_code']));

const signInAnswer = z.strictObject({
  state: z.enum([...pendingState.options, 'complete']),
  methods,
  pendingToken: z.string().optional(),
  expiresAt: instantSchema.optional(),
  enrollmentDeadline: instantSchema.optional(),
  session: sessionSchema.optional(),
});

const pendingAnswer = z.strictObject({
  state: pendingState,
  methods,
  expiresAt: instantSchema,
  enrollmentDeadline: instantSchema.optional(),
});

const personSchema = z.strictObject({ id: z.string(), email: z.string(), name: z.string(), role: z.string() });
const partnerSchema = z.strictObject({ id: z.string(), slug: z.string(), name: z.string() });

/** Without a session where the policy needs a passkey that has to be set up first. */
const provenSchema = z.strictObject({
  state: z.enum(['complete', 'enrollment_required']),
  session: sessionSchema.optional(),
});

function provenAnswer(opened: OpenedSignIn) {
  if (opened.kind === 'passkey_needed') return { state: 'enrollment_required' as const };
  return { state: 'complete' as const, session: sessionAnswer(opened.session) };
}

export const signInApi: readonly Route[] = [
  api({
    method: 'POST',
    path: '/api/v1/sign-in',
    guard: 'public',
    summary: 'Prove a password',
    body: z.strictObject({ email: typed('email'), password: typed('password') }),
    answer: signInAnswer,
    refusals: ['invalid_credentials', 'too_many_attempts', 'temporarily_unavailable'],
    async handle({ env, client, input }) {
      const email = canonicalEmail(input.email);
      if (email === undefined) return refuse('invalid_request', { reason: 'email' });
      const { password } = input;
      const begun = await signInWithPassword(env, { email, password, channel: 'api', returnTo: undefined, client });
      if (isRefusal(begun)) return begun;
      if (begun.state === 'complete') return { state: begun.state, methods: [], session: sessionAnswer(begun.session) };
      return {
        state: begun.state,
        methods: begun.secondFactor ? [...(await workingMethods(env, begun.secondFactor))] : [],
        pendingToken: begun.pendingToken,
        expiresAt: instant(begun.expiresAt),
        ...deadline(begun.deadlineAt),
      };
    },
  }),
  api({
    method: 'GET',
    path: '/api/v1/sign-in',
    guard: 'pendingSignIn',
    summary: 'Where a pending sign-in stands',
    answer: pendingAnswer,
    refusals: [],
    async handle({ env, pending }) {
      const now = env.now();
      return {
        state: stateOf(pending, now),
        methods: [...(await methodsOf(env, pending))],
        expiresAt: instant(pending.expiresAt),
        ...deadline(deadlineOf(pending, now)),
      };
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/one-time-code',
    guard: 'pendingSignIn',
    summary: 'Finish with a one-time code',
    body: codeBody,
    answer: provenSchema,
    refusals: [
      'code_incorrect',
      'code_expired',
      'code_already_used',
      'too_many_attempts',
      'authenticator_paused',
      'authenticator_disabled',
      'forbidden',
    ],
    async handle({ env, client, pending, input }) {
      const code = normalizeOneTimeCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      const opened = await signInWithOneTimeCode(env, pending, code, client);
      return isRefusal(opened) ? opened : provenAnswer(opened);
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/recovery-code',
    guard: 'pendingSignIn',
    summary: 'Finish with a recovery code',
    body: codeBody,
    answer: provenSchema.extend({ remainingRecoveryCodes: z.int() }),
    refusals: [
      'recovery_code_incorrect',
      'recovery_code_already_used',
      'too_many_attempts',
      'temporarily_unavailable',
      'forbidden',
    ],
    async handle({ env, client, pending, input }) {
      const code = normalizeRecoveryCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      const opened = await signInWithRecoveryCode(env, pending, code, client);
      if (isRefusal(opened)) return opened;
      return { ...provenAnswer(opened), remainingRecoveryCodes: opened.left };
    },
  }),
  ...passkeyApi,
  api({
    method: 'GET',
    path: '/api/v1/session',
    guard: 'session',
    summary: 'Who is signed in, and how they proved it',
    answer: z.strictObject({
      user: personSchema,
      partner: partnerSchema.nullable(),
      amr: z.array(z.string()),
      acr: z.string(),
      authTime: instantSchema,
      expiresAt: instantSchema,
    }),
    refusals: [],
    async handle({ session }) {
      const { user, partner, amr } = session;
      return {
        user: { id: user.id, email: user.email, name: user.name, role: user.role },
        partner: partner ? { id: partner.id, slug: partner.slug, name: partner.name } : null,
        amr: [...amr],
        acr: acrOf(amr),
        authTime: instant(session.authTime),
        expiresAt: instant(session.expiresAt),
      };
    },
  }),
  api({
    method: 'DELETE',
    path: '/api/v1/session',
    guard: 'session',
    summary: 'Sign out',
    refusals: [],
    async handle({ env, client, session }) {
      const { id, user } = session;
      await ownTransaction(env, session, (tx) => endOneSession(env, tx, { id, user, reason: 'sign_out' }, client));
      return undefined;
    },
  }),
];

function deadline(at: number | undefined) {
  return at === undefined ? {} : { enrollmentDeadline: instant(at) };
}
