import { z } from 'zod';
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
import { idempotent } from '#flows/runtime/idempotency.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { listPartnersAfter } from '#store/partners/management-lists.ts';
import { findPartner } from '#store/partners/partners.ts';
import type { Partner } from '#store/people/users.ts';
import { partnerRecord } from '#wire/records.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';
import { lookApi } from './look-api.ts';
import { readPage } from './page-of-rows.ts';
import { partnerFactorsApi, readBegin } from './partner-factors-api.ts';
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
  ...partnerFactorsApi,
  ...lookApi,
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

function readChoice({ policy, requiredFrom }: Typed): MfaChoice | Refusal {
  return readBegin(policy, requiredFrom);
}
