import { z } from 'zod';
import { ACCESS_CODE_MINUTES } from '#core/authenticators/access-code.ts';
import { instant } from '#core/time/day.ts';
import type { Env } from '#env.ts';
import {
  IDENTITY_CHECKS,
  type ResetOutcome,
  renewAccessCode,
  requestMfaReset,
} from '#flows/administration/reset-requests.ts';
import type { NewAccessCode } from '#flows/authenticators/access-code.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';

const ONE = '/api/v1/users/:user';

const codeMinutes = z
  .int()
  .min(ACCESS_CODE_MINUTES.least)
  .max(ACCESS_CODE_MINUTES.most)
  .meta({ description: `How long the code is good; else ${ACCESS_CODE_MINUTES.usual}.` })
  .optional();
const resetBody = z.strictObject({
  reason: typed('reason'),
  checkedBy: z.enum(IDENTITY_CHECKS),
  checkNote: typed('reason'),
  codeMinutes,
});
const codeBody = z.strictObject({ codeMinutes });
const codeAnswer = z.strictObject({ accessCode: z.string(), accessCodeExpiresAt: z.string() });
const resetAnswer = z.strictObject({
  state: z.enum(['done', 'waiting']).meta({ description: '`waiting`: a member of staff has to agree in the console.' }),
  endedSessions: z.int().optional(),
  ...codeAnswer.partial().shape,
});

export const resetApi: readonly Route[] = [
  api({
    method: 'POST',
    path: `${ONE}/reset-mfa`,
    guard: 'apiKey:users:reset_mfa',
    summary: 'Take every authenticator from a user; answers the temporary access code for the new set-up',
    body: resetBody,
    answer: resetAnswer,
    idempotent: true,
    refusals: ['not_found'],
    handle: submitReset,
  }),
  api({
    method: 'POST',
    path: `${ONE}/access-code`,
    guard: 'apiKey:users:reset_mfa',
    summary: 'Make another temporary access code after a reset; the one before dies',
    body: codeBody,
    answer: codeAnswer,
    idempotent: true,
    refusals: ['not_found'],
    handle: renewCode,
  }),
];

type ResetCall<Body extends z.ZodType> = ApiCall<'apiKey:users:reset_mfa', z.output<Body>>;

async function submitReset(call: ResetCall<typeof resetBody>) {
  const { codeMinutes = usualMinutes(call.env), ...typed } = call.input;
  const id = call.params.user ?? '';
  const key = idempotencyKeyOf(call, `reset ${id}`, call.input);
  const reset = { id, actor: actorOf(call), codeMinutes, ...typed };
  return idempotent(call.env, key, (around) => requestMfaReset(call.env, reset, around), resetRecord);
}

async function renewCode(call: ResetCall<typeof codeBody>) {
  const { codeMinutes = usualMinutes(call.env) } = call.input;
  const id = call.params.user ?? '';
  const key = idempotencyKeyOf(call, `access code ${id}`, call.input);
  const renewal = { id, actor: actorOf(call), codeMinutes };
  return idempotent(call.env, key, (around) => renewAccessCode(call.env, renewal, around), codeRecord);
}

/** The usual life of a code, or the longest one that the rules allow. */
function usualMinutes({ settings }: Env): number {
  return Math.min(ACCESS_CODE_MINUTES.usual, settings.values().accessCodeMinutes);
}

function resetRecord(outcome: ResetOutcome): z.output<typeof resetAnswer> {
  if ('waits' in outcome) return { state: 'waiting' };
  const { sessions, accessCode } = outcome;
  return { state: 'done', endedSessions: sessions, ...(accessCode && codeRecord(accessCode)) };
}

function codeRecord({ code, expiresAt }: NewAccessCode): z.output<typeof codeAnswer> {
  return { accessCode: code, accessCodeExpiresAt: instant(expiresAt) };
}
