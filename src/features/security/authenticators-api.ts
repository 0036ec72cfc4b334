import { z } from 'zod';
import { authenticatorName, freeSlot } from '#core/authenticators/factors.ts';
import type { Creation } from '#core/authenticators/passkeys/webauthn.ts';
import { encodeBase32, normalizeOneTimeCode, otpauthUri } from '#core/authenticators/totp.ts';
import type { Client } from '#core/sessions/client.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Confirmation } from '#flows/authenticators/confirm-new.ts';
import { mostReason } from '#flows/authenticators/places.ts';
import { api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { type Authenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import { findRecoveryCodeSet } from '#store/authenticators/recovery-codes.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { drawQr } from '#ui/qr.ts';
import { codeBody, instantSchema } from '#wire/answers.ts';
import { creationOptionsSchema, creationSchema } from '#wire/webauthn.ts';
import { startConnecting } from './authenticator.ts';
import { confirmByApi, renameOne, startAddingPasskey } from './authenticators.ts';
import { removeAuthenticator } from './remove-authenticator.ts';

const ALL = '/api/v1/authenticators';
const ONE = '/api/v1/authenticators/:authenticator';

const kind = z.enum(['totp', 'passkey']);

const authenticatorSchema = z.strictObject({
  id: z.string(),
  kind,
  name: z.string().nullable(),
  createdAt: instantSchema,
  lastUsedAt: instantSchema.nullable(),
  /** Of a passkey: whether it can be copied to other devices of its owner. */
  synced: z.boolean().optional(),
});

function shown(one: Authenticator) {
  const { id, kind, name, createdAt, lastUsedAt } = one;
  return {
    id,
    kind,
    name: name ?? null,
    createdAt: instant(createdAt),
    lastUsedAt: lastUsedAt === undefined ? null : instant(lastUsedAt),
    ...(one.kind === 'passkey' && { synced: one.isSynced }),
  };
}

async function findShown(env: Env, userId: string, id: string) {
  const app = (await factorsOf(env.db.read, userId))?.all.find((one) => one.id === id);
  return app ? shown(app) : refuse('not_found', { reason: 'authenticator' });
}

const startedSchema = z.union([
  z.strictObject({
    id: z.string(),
    kind: z.literal('totp'),
    expiresAt: instantSchema,
    secret: z.string(),
    otpauthUri: z.string(),
    qrSvg: z.string(),
  }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('passkey'),
    expiresAt: instantSchema,
    options: creationOptionsSchema,
  }),
]);

async function startApp(env: Env, session: GrantedSession, client: Client, name: string | undefined) {
  const started = await startConnecting(env, session, client, name);
  if (isRefusal(started)) return started;
  const { id, secret, expiresAt } = started;
  const uri = otpauthUri({ secret, issuer: env.brand().issuer, email: session.user.email });
  const shownSecret = { secret: encodeBase32(secret), otpauthUri: uri, qrSvg: drawQr(uri) };
  return { id, kind: 'totp' as const, expiresAt: instant(expiresAt), ...shownSecret };
}

async function startPasskey(env: Env, session: GrantedSession, client: Client, name: string | undefined) {
  const started = await startAddingPasskey(env, session, client, name);
  if (isRefusal(started)) return started;
  const { id, options, expiresAt } = started;
  return { id, kind: 'passkey' as const, expiresAt: instant(expiresAt), options };
}

function confirmationOf(input: { readonly code: string } | Creation): Confirmation | Refusal {
  if (!('code' in input)) return { kind: 'passkey', creation: input };
  const code = normalizeOneTimeCode(input.code);
  return code === undefined ? refuse('invalid_request', { reason: 'code' }) : { kind: 'totp', code };
}

export const authenticatorsApi: readonly Route[] = [
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
      const all = (await factorsOf(env.db.read, id))?.all ?? [];
      const codes = await findRecoveryCodeSet(env.db.read, id);
      const recoveryCodes = codes ? { left: codes.left, createdAt: instant(codes.createdAt) } : null;
      return { authenticators: all.map(shown), recoveryCodes };
    },
  }),
  api({
    method: 'POST',
    path: ALL,
    guard: 'steppedUp',
    summary: 'Start setting up another authenticator; for an app, asked again it answers the same secret',
    body: z.strictObject({ kind, name: typed('name').optional() }),
    answer: startedSchema,
    refusals: ['forbidden', 'enrollment_expired', 'access_code_required', 'too_many_attempts'],
    async handle({ env, session, client, input }) {
      const name = input.name === undefined ? undefined : authenticatorName(input.name);
      if (name === undefined && input.name !== undefined) {
        return refuse('invalid_request', { reason: 'authenticator_name' });
      }
      const factors = await factorsOf(env.db.read, session.user.id);
      if (factors && freeSlot(factors, input.kind) === undefined) {
        return refuse('forbidden', { reason: mostReason(factors, input.kind) });
      }
      return input.kind === 'passkey' ? startPasskey(env, session, client, name) : startApp(env, session, client, name);
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/confirm`,
    guard: 'steppedUp',
    summary: 'Finish the set-up: with a code of the app, or with the answer of the browser for a passkey',
    body: z.union([codeBody, creationSchema]),
    answer: z.strictObject({ authenticator: authenticatorSchema, recoveryCodes: z.array(z.string()).optional() }),
    refusals: [
      ...(['code_incorrect', 'code_expired', 'enrollment_expired', 'passkey_refused', 'challenge_expired'] as const),
      ...(['too_many_attempts', 'temporarily_unavailable', 'forbidden', 'not_found'] as const),
    ],
    async handle({ env, session, client, params, input }) {
      const by = confirmationOf(input);
      if (isRefusal(by)) return by;
      const id = params.authenticator ?? '';
      const confirmed = await confirmByApi(env, session, { id, by }, client);
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
      const renamed = await renameOne(env, session, { id, name: input.name }, client);
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
      const removed = await removeAuthenticator(env, session, params.authenticator ?? '', client);
      return isRefusal(removed) ? removed : undefined;
    },
  }),
];
