import { z } from 'zod';
import { dayBegun, parseBegin } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { changePasskeyPolicy, type PasskeyChoice, previewPasskeyPolicy } from '#flows/authenticators/passkey-policy.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import { partnerRecord } from '#wire/records.ts';
import { actorOf } from './acting.ts';
import { partnerSchema } from './schemas.ts';

const ONE = '/api/v1/partners/:partner';

const passkeysBody = z.strictObject({
  policy: z.enum(['off', 'allowed', 'required']),
  requiredFrom: typed('time')
    .nullable()
    .meta({ description: 'A day, with `required` alone. Until 12:00 UTC of it an authenticator app will do.' })
    .optional(),
});

/** What counts as the second factor of a partner's people. */
export const partnerFactorsApi: readonly Route[] = [
  api({
    method: 'POST',
    path: `${ONE}/passkeys`,
    guard: 'apiKey:partners:write',
    summary: 'Say whether passkeys count for the people of a partner: never, too, or alone',
    body: passkeysBody,
    answer: z.strictObject({ ...partnerSchema.shape, ended: z.strictObject({ sessions: z.int() }) }),
    refusals: ['not_found'],
    async handle(call) {
      const choice = readPasskeyChoice(call.input);
      if (isRefusal(choice)) return choice;
      const changed = await changePasskeyPolicy(call.env, actorOf(call), call.params.partner ?? '', choice);
      if (isRefusal(changed)) return changed;
      return { ...partnerRecord(changed.partner), ended: { sessions: changed.sessions } };
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/passkeys/preview`,
    guard: 'apiKey:partners:read',
    summary: 'Whom a passkey policy would affect',
    body: passkeysBody,
    answer: z.strictObject({
      ...{ people: z.int(), withPasskey: z.int(), withAppAlone: z.int(), withPasskeyAlone: z.int() },
      endsSessions: z.int(),
    }),
    refusals: ['not_found'],
    async handle({ env, params, input }) {
      const choice = readPasskeyChoice(input);
      if (isRefusal(choice)) return choice;
      const partner = await findPartner(env.db.read, params.partner ?? '');
      return partner ? previewPasskeyPolicy(env, partner.id, choice) : refuse('not_found', { reason: 'partner' });
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/trusted-devices`,
    guard: 'apiKey:partners:write',
    summary: 'Say whether the people of a partner may trust a device',
    body: z.strictObject({ allowed: z.boolean() }),
    answer: z.strictObject({
      ...partnerSchema.shape,
      ended: z.strictObject({ trustedDevices: z.int(), sessions: z.int() }),
    }),
    refusals: ['not_found'],
    async handle(call) {
      const changed = await changeTrustedDevices(
        call.env,
        actorOf(call),
        call.params.partner ?? '',
        call.input.allowed,
      );
      if (isRefusal(changed)) return changed;
      const { partner, devices: trustedDevices, sessions } = changed;
      return { ...partnerRecord(partner), ended: { trustedDevices, sessions } };
    },
  }),
];

function readPasskeyChoice({ policy, requiredFrom }: z.output<typeof passkeysBody>): PasskeyChoice | Refusal {
  return readBegin(policy, requiredFrom);
}

/**
 * A policy as a program sends it and as our records show it: only `required` takes a date, the start of a day. Policies
 * of earlier versions start at 00:00 UTC, and a program may send such a record back.
 */
export function readBegin<P extends string>(
  policy: P,
  requiredFrom: string | null | undefined,
): { policy: P; requiredFrom?: number } | Refusal {
  if (requiredFrom === undefined || requiredFrom === null) return { policy };
  const at = parseBegin(requiredFrom);
  const beginsDay = at !== undefined && (dayBegun(at) !== undefined || at % DAY_SECONDS === 0);
  return policy === 'required' && beginsDay
    ? { policy, requiredFrom: at }
    : refuse('invalid_request', { reason: 'required_from' });
}
