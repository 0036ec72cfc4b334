import { z } from 'zod';
import { dayBegun, parseBegin } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Actor } from '#flows/administration/actor.ts';
import {
  addPartner,
  archivePartner,
  changeMfaPolicy,
  type MfaChoice,
  renamePartner,
  restorePartner,
} from '#flows/administration/partner-acts.ts';
import { previewMfaPolicy } from '#flows/administration/policy-preview.ts';
import { changePasskeyPolicy, type PasskeyChoice, previewPasskeyPolicy } from '#flows/authenticators/passkey-policy.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { listPartnersAfter } from '#store/partners/management-lists.ts';
import { findPartner } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { partnerRecord } from '#wire/records.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';
import { readPage } from './page-of-rows.ts';
import { pageOf, partnerSchema } from './schemas.ts';
import { pageQuery } from './shared-api.ts';

const PARTNERS = '/api/v1/partners';
const ONE = `${PARTNERS}/:partner`;

const policy = z.enum(['off', 'optional', 'required']);
const mfaBody = z.strictObject({
  policy,
  requiredFrom: typed('time')
    .nullable()
    .meta({
      description:
        'A day, with `required` alone. It begins at 12:00 UTC, when it has begun everywhere. Until then MFA is offered.',
    })
    .optional(),
});
const listQuery = z.strictObject({
  ...pageQuery,
  slug: typed('slug').optional(),
  policy: policy.optional(),
  archived: z.enum(['true', 'false']).optional(),
});
const passkeysBody = z.strictObject({
  policy: z.enum(['off', 'allowed', 'required']),
  requiredFrom: typed('time')
    .nullable()
    .meta({ description: 'A day, with `required` alone. Until 12:00 UTC of it an authenticator app will do.' })
    .optional(),
});
const ended = z.strictObject({ sessions: z.int(), signIns: z.int() });

export const partnersApi: readonly Route[] = [
  api({
    method: 'GET',
    path: PARTNERS,
    guard: 'apiKey:partners:read',
    summary: 'List partners',
    query: listQuery,
    answer: pageOf(partnerSchema),
    refusals: [],
    handle: listPartners,
  }),
  api({
    method: 'POST',
    path: PARTNERS,
    guard: 'apiKey:partners:write',
    summary: 'Add a partner',
    body: z.strictObject({ name: typed('name'), slug: typed('slug').optional(), mfa: mfaBody.optional() }),
    answer: partnerSchema,
    idempotent: true,
    refusals: [],
    async handle(call) {
      const { name, slug } = call.input;
      const mfa = readChoice(call.input.mfa ?? { policy: 'off' });
      if (isRefusal(mfa)) return mfa;
      const key = idempotencyKeyOf(call, 'add partner', call.input);
      return idempotent(
        call.env,
        key,
        (around) => addPartner(call.env, actorOf(call), { name, slug, mfa }, around),
        partnerRecord,
      );
    },
  }),
  api({
    method: 'GET',
    path: ONE,
    guard: 'apiKey:partners:read',
    summary: 'Read a partner',
    answer: partnerSchema,
    refusals: ['not_found'],
    async handle({ env, params }) {
      const partner = await findPartner(env.db.read, params.partner ?? '');
      return partner ? partnerRecord(partner) : refuse('not_found', { reason: 'partner' });
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/name`,
    guard: 'apiKey:partners:write',
    summary: 'Give a partner another name',
    body: z.strictObject({ name: typed('name') }),
    answer: partnerSchema,
    refusals: ['not_found'],
    handle: (call) => record(renamePartner(call.env, actorOf(call), call.params.partner ?? '', call.input.name)),
  }),
  change('archive', 'Let nobody of a partner sign in', archivePartner),
  change('restore', 'Let the people of an archived partner sign in again', restorePartner),
  api({
    method: 'POST',
    path: `${ONE}/mfa`,
    guard: 'apiKey:partners:write',
    summary: 'Change what the people of a partner are asked for',
    body: mfaBody,
    answer: z.strictObject({ ...partnerSchema.shape, ended }),
    refusals: ['not_found'],
    handle: changePolicy,
  }),
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
  api({
    method: 'POST',
    path: `${ONE}/mfa/preview`,
    guard: 'apiKey:partners:read',
    summary: 'Say whom a policy would hit, and change nothing',
    body: mfaBody,
    answer: z.strictObject({ people: z.int(), missing: z.int(), exempt: z.int(), endsSessions: z.int() }),
    refusals: ['not_found'],
    async handle({ env, params, input }) {
      const choice = readChoice(input);
      if (isRefusal(choice)) return choice;
      const partner = await findPartner(env.db.read, params.partner ?? '');
      return partner ? previewMfaPolicy(env, partner.id, choice) : refuse('not_found', { reason: 'partner' });
    },
  }),
];

function listPartners({ env, query }: ApiCall<'apiKey:partners:read', undefined, z.output<typeof listQuery>>) {
  const { slug, policy, archived } = query;
  return readPage('partners', query, {
    list: (page) => listPartnersAfter(env.db.read, { slug, policy, archived: archived === 'true' }, page),
    idOf: ({ id }) => id,
    show: partnerRecord,
  });
}

type WriteCall<Input> = ApiCall<'apiKey:partners:write', Input>;

/** An act whose address says everything, so it takes no body. */
function change(
  name: 'archive' | 'restore',
  summary: string,
  act: (env: WriteCall<undefined>['env'], actor: Actor, id: string) => Promise<Partner | Refusal>,
): Route {
  return api({
    method: 'POST',
    path: `${ONE}/${name}`,
    guard: 'apiKey:partners:write',
    summary,
    answer: partnerSchema,
    refusals: ['not_found'],
    handle: (call) => record(act(call.env, actorOf(call), call.params.partner ?? '')),
  });
}

async function record(outcome: Promise<Partner | Refusal>) {
  const partner = await outcome;
  return isRefusal(partner) ? partner : partnerRecord(partner);
}

async function changePolicy(call: WriteCall<z.output<typeof mfaBody>>) {
  const { env, params, input } = call;
  const choice = readChoice(input);
  if (isRefusal(choice)) return choice;
  const found = await findPartner(env.db.read, params.partner ?? '');
  if (!found) return refuse('not_found', { reason: 'partner' });
  const changed = await changeMfaPolicy(env, actorOf(call), found.slug, choice);
  if (isRefusal(changed)) return changed;
  const { partner, sessions, signIns } = changed;
  return { ...partnerRecord(partner), ended: { sessions, signIns } };
}

type Typed = { readonly policy: MfaChoice['policy']; readonly requiredFrom?: string | null | undefined };

/**
 * A policy as a program sends it and as our records show it: only `required` takes a date, the start of a day. Policies
 * of earlier versions start at 00:00 UTC, and a program may send such a record back.
 */
function readChoice({ policy, requiredFrom }: Typed): MfaChoice | Refusal {
  return readBegin(policy, requiredFrom);
}

function readPasskeyChoice({ policy, requiredFrom }: z.output<typeof passkeysBody>): PasskeyChoice | Refusal {
  return readBegin(policy, requiredFrom);
}

function readBegin<P extends string>(
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
