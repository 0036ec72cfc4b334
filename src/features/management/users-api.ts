import { z } from 'zod';
import { canonicalEmail } from '#core/people/email.ts';
import { instant, parseEnd } from '#core/time/day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { addPerson, resendInvitation } from '#flows/administration/add-person.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { endExemption, exemptPerson } from '#flows/administration/exemption.ts';
import type { MailedLink } from '#flows/administration/make-link.ts';
import { disableUser, enableUser, mailResetLink, unlockUser } from '#flows/administration/person-acts.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { listUsersAfter } from '#store/partners/management-lists.ts';
import type { ListedUser } from '#store/people/people-pages.ts';

import { addedRecord, userRecord } from '#wire/records.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';
import { readPage } from './page-of-rows.ts';
import { pageOf, userSchema } from './schemas.ts';
import { pageQuery } from './shared-api.ts';

const USERS = '/api/v1/users';
const ONE = `${USERS}/:user`;

const roles = z.enum(['member', 'manager']);
const listQuery = z.strictObject({
  ...pageQuery,
  email: typed('email').optional(),
  partner: typed('slug').meta({ description: 'The slug of the partner.' }).optional(),
  role: roles.optional(),
  state: z.enum(['invited', 'active', 'disabled']).optional(),
  mfa: z.enum(['enrolled', 'missing']).optional(),
});
const newUser = z.strictObject({
  email: typed('email'),
  name: typed('name').optional(),
  partner: typed('slug').meta({ description: 'The slug of the partner.' }),
  role: roles.optional(),
});
const why = z.strictObject({ reason: typed('reason') });
const exemption = z.strictObject({ reason: typed('reason'), until: typed('time').meta({ format: 'date-time' }) });
export const usersApi: readonly Route[] = [
  api({
    method: 'GET',
    path: USERS,
    guard: 'apiKey:users:read',
    summary: 'List the users of partners',
    query: listQuery,
    answer: pageOf(userSchema),
    refusals: [],
    handle: listUsers,
  }),
  api({
    method: 'POST',
    path: USERS,
    guard: 'apiKey:users:write',
    summary: 'Add a user and mail an invitation',
    body: newUser,
    answer: userSchema,
    idempotent: true,
    refusals: ['not_found'],
    async handle(call) {
      const { email, name, partner, role = 'member' } = call.input;
      const person = { email, name, partner, role, password: undefined };
      const key = idempotencyKeyOf(call, 'add user', call.input);
      return idempotent(call.env, key, (around) => addPerson(call.env, actorOf(call), person, around), addedRecord);
    },
  }),
  api({
    method: 'GET',
    path: ONE,
    guard: 'apiKey:users:read',
    summary: 'Read a user',
    answer: userSchema,
    refusals: ['not_found'],
    handle: ({ env, params }) => readUser(env, params.user ?? ''),
  }),
  api({
    method: 'POST',
    path: `${ONE}/invitation`,
    guard: 'apiKey:users:write',
    summary: 'Mail another invitation; the one before dies',
    answer: z.strictObject({ invitationUrl: z.string().optional(), expiresAt: z.string() }),
    idempotent: true,
    refusals: ['not_found'],
    async handle(call) {
      const id = call.params.user ?? '';
      if (!(await findUser(call.env, id))) return refuse('not_found', { reason: 'user' });
      const key = idempotencyKeyOf(call, 'invite', id);
      return idempotent(
        call.env,
        key,
        (around) => resendInvitation(call.env, { id, actor: actorOf(call) }, around),
        ({ url, expiresAt }: MailedLink) => ({
          ...(url !== undefined && { invitationUrl: url }),
          expiresAt: instant(expiresAt),
        }),
      );
    },
  }),
  act('disable', 'End what a user has open, and every sign-in from now on', disableUser),
  act('enable', 'Let a disabled user sign in again', enableUser),
  act('unlock', 'End the waits after wrong passwords and codes', unlockUser),
  act('exemption/end', 'End an exemption before its time', endExemption),
  api({
    method: 'POST',
    path: `${ONE}/exemption`,
    guard: 'apiKey:users:write',
    summary: 'Ask a user not to set up MFA until a moment ahead',
    body: exemption,
    answer: userSchema,
    refusals: ['not_found'],
    handle(call) {
      const { reason } = call.input;
      const until = parseEnd(call.input.until) ?? 0;
      return actOnUser(call, (id) => exemptPerson(call.env, { id, actor: actorOf(call), reason, until }));
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/password-link`,
    guard: 'apiKey:users:write',
    summary: 'Mail a user a link to set a new password; nobody else sees it',
    refusals: ['not_found'],
    async handle(call) {
      const id = call.params.user ?? '';
      if (!(await findUser(call.env, id))) return refuse('not_found', { reason: 'user' });
      const mailed = await mailResetLink(call.env, { id, actor: actorOf(call) });
      return isRefusal(mailed) ? mailed : undefined;
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/delete`,
    guard: 'apiKey:users:write',
    body: why,
    summary: 'Delete a disabled user for good; the audit log keeps what they did',
    refusals: ['not_found'],
    async handle(call) {
      const id = call.params.user ?? '';
      if (!(await findUser(call.env, id))) return refuse('not_found', { reason: 'user' });
      const act = { id, actor: actorOf(call), reason: call.input.reason, onlyDisabled: true } as const;
      const deleted = await deleteUser(call.env, act);
      return isRefusal(deleted) ? deleted : undefined;
    },
  }),
];

type WriteCall<Input> = ApiCall<'apiKey:users:write', Input>;

async function listUsers({ env, query }: ApiCall<'apiKey:users:read', undefined, z.output<typeof listQuery>>) {
  const { email: typed, partner, role, state, mfa } = query;
  const email = typed === undefined ? undefined : canonicalEmail(typed);
  if (typed !== undefined && email === undefined) return refuse('invalid_request', { reason: 'email' });
  return readPage('users', query, {
    list: (page) => listUsersAfter(env.db.read, { email, partner, role, state, mfa }, page),
    idOf: ({ user }) => user.id,
    show: userRecord,
  });
}

/** An act that requires a reason. */
function act<T>(
  name: string,
  summary: string,
  work: (
    env: Env,
    how: { readonly id: string; readonly actor: Actor; readonly reason: string },
  ) => Promise<T | Refusal>,
): Route {
  return api({
    method: 'POST',
    path: `${ONE}/${name}`,
    guard: 'apiKey:users:write',
    summary,
    body: why,
    answer: userSchema,
    refusals: ['not_found'],
    handle: (call) => actOnUser(call, (id) => work(call.env, { id, actor: actorOf(call), reason: call.input.reason })),
  });
}

/** Acts on a user of a partner and answers the changed user. Staff are not found. */
async function actOnUser<T>(
  { env, params }: Pick<WriteCall<unknown>, 'env' | 'params'>,
  work: (id: string) => Promise<T | Refusal>,
) {
  const id = params.user ?? '';
  if (!(await findUser(env, id))) return refuse('not_found', { reason: 'user' });
  const outcome = await work(id);
  return isRefusal(outcome) ? outcome : readUser(env, id);
}

async function readUser(env: Env, id: string): Promise<ReturnType<typeof userRecord> | Refusal> {
  const user = await findUser(env, id);
  return user ? userRecord(user) : refuse('not_found', { reason: 'user' });
}

/** A user of a partner. API keys cannot find staff. */
async function findUser(env: Env, id: string): Promise<ListedUser | undefined> {
  const [user] = await listUsersAfter(env.db.read, { id }, { afterId: '', limit: 1 });
  return user;
}
