import { z } from 'zod';
import { authenticatorName, freeSlot } from '#core/authenticators/factors.ts';
import { encodeBase32, normalizeOneTimeCode, otpauthUri } from '#core/authenticators/totp.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { type Authenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import { findRecoveryCodeSet } from '#store/authenticators/recovery-codes.ts';
import { drawQr } from '#ui/qr.ts';
import { codeBody, instantSchema } from '#wire/answers.ts';
import { confirmByApi, renameApp } from './apps.ts';
import { removeApp, startConnecting } from './authenticator.ts';

const ALL = '/api/v1/authenticators';
const ONE = '/api/v1/authenticators/:authenticator';

const kind = z.enum(['totp']);

const authenticatorSchema = z.strictObject({
  id: z.string(),
  kind,
  name: z.string().nullable(),
  createdAt: instantSchema,
  lastUsedAt: instantSchema.nullable(),
});

function shown({ id, kind, name, createdAt, lastUsedAt }: Authenticator) {
  return {
    id,
    kind,
    name: name ?? null,
    createdAt: instant(createdAt),
    lastUsedAt: lastUsedAt === undefined ? null : instant(lastUsedAt),
  };
}

async function findShown(env: Env, userId: string, id: string) {
  const app = (await factorsOf(env.db.read, userId))?.apps.find((one) => one.id === id);
  return app ? shown(app) : refuse('not_found', { reason: 'authenticator' });
}

export const appsApi: readonly Route[] = [
  api({
    method: 'GET',
    path: ALL,
    guard: 'session',
    summary: 'The authenticators of the signed-in person',
    answer: z.strictObject({
      authenticators: z.array(authenticatorSchema),
      recoveryCodes: z.strictObject({ left: z.int(), createdAt: instantSchema }).nullable(),
    }),
    refusals: [],
    async handle({ env, session }) {
      const { id } = session.user;
      const apps = (await factorsOf(env.db.read, id))?.apps ?? [];
      const codes = await findRecoveryCodeSet(env.db.read, id);
      const recoveryCodes = codes ? { left: codes.left, createdAt: instant(codes.createdAt) } : null;
      return { authenticators: apps.map(shown), recoveryCodes };
    },
  }),
  api({
    method: 'POST',
    path: ALL,
    guard: 'steppedUp',
    summary: 'Start setting up another authenticator app; asked again, it answers the same secret',
    body: z.strictObject({ kind, name: typed('name').optional() }),
    answer: z.strictObject({
      id: z.string(),
      kind,
      expiresAt: instantSchema,
      secret: z.string(),
      otpauthUri: z.string(),
      qrSvg: z.string(),
    }),
    refusals: ['forbidden', 'enrollment_expired', 'access_code_required', 'too_many_attempts'],
    async handle({ env, session, client, input }) {
      const name = input.name === undefined ? undefined : authenticatorName(input.name);
      if (name === undefined && input.name !== undefined) {
        return refuse('invalid_request', { reason: 'authenticator_name' });
      }
      if (freeSlot(await factorsOf(env.db.read, session.user.id)) === undefined) {
        return refuse('forbidden', { reason: 'most_apps' });
      }
      const started = await startConnecting(env, session, client, name);
      if (isRefusal(started)) return started;
      const { id, secret, expiresAt } = started;
      const uri = otpauthUri({ secret, issuer: env.config.productName, email: session.user.email });
      const shownSecret = { secret: encodeBase32(secret), otpauthUri: uri, qrSvg: drawQr(uri) };
      return { id, kind: 'totp' as const, expiresAt: instant(expiresAt), ...shownSecret };
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/confirm`,
    guard: 'steppedUp',
    summary: 'Finish the set-up with a code of the app',
    body: codeBody,
    answer: z.strictObject({ authenticator: authenticatorSchema, recoveryCodes: z.array(z.string()).optional() }),
    refusals: [
      ...(['code_incorrect', 'code_expired', 'enrollment_expired'] as const),
      ...(['too_many_attempts', 'temporarily_unavailable', 'forbidden', 'not_found'] as const),
    ],
    async handle({ env, session, client, params, input }) {
      const code = normalizeOneTimeCode(input.code);
      if (code === undefined) return refuse('invalid_request', { reason: 'code' });
      const id = params.authenticator ?? '';
      const confirmed = await confirmByApi(env, session, { id, code }, client);
      if (isRefusal(confirmed)) return confirmed;
      const authenticator = await findShown(env, session.user.id, id);
      if (isRefusal(authenticator)) return authenticator;
      const { recoveryCodes } = confirmed;
      return { authenticator, ...(recoveryCodes && { recoveryCodes: [...recoveryCodes] }) };
    },
  }),
  api({
    method: 'PATCH',
    path: ONE,
    guard: 'steppedUp',
    summary: 'Give an authenticator another name',
    body: z.strictObject({ name: typed('name') }),
    answer: authenticatorSchema,
    refusals: ['not_found'],
    async handle({ env, session, client, params, input }) {
      const id = params.authenticator ?? '';
      const renamed = await renameApp(env, session, { id, name: input.name }, client);
      return isRefusal(renamed) ? renamed : findShown(env, session.user.id, id);
    },
  }),
  api({
    method: 'DELETE',
    path: ONE,
    guard: 'steppedUp',
    summary: 'Remove an authenticator; with the last one the recovery codes go too',
    refusals: ['forbidden', 'not_found'],
    async handle({ env, session, client, params }) {
      const removed = await removeApp(env, session, params.authenticator ?? '', client);
      return isRefusal(removed) ? removed : undefined;
    },
  }),
];
