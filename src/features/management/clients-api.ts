import { z } from 'zod';
import { CLIENT_TYPES, ID_TOKEN_ALGS } from '#core/portals/client-settings.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import {
  addClient,
  disableClient,
  enableClient,
  type MadeClient,
  renewClientSecret,
} from '#flows/administration/openid-clients.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed, typedKinds } from '#http/typed.ts';
import { findClient, listClientsAfter, type OidcClient } from '#store/oidc/clients.ts';
import { clientRecord } from '#wire/records.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';
import { readPage } from './page-of-rows.ts';
import { clientSchema, pageOf } from './schemas.ts';
import { pageQuery } from './shared-api.ts';

const CLIENTS = '/api/v1/clients';
const ONE = `${CLIENTS}/:client`;

// The flow checks it as text.
const jwks = z.looseObject({ keys: z.array(z.unknown()) }).register(typedKinds, { kind: 'jwks' });
const newClient = z.strictObject({
  name: typed('name'),
  type: z.enum(CLIENT_TYPES).meta({ description: 'Else `web`.' }).optional(),
  redirectUris: z.array(typed('address')).meta({ description: 'Compared character by character.' }),
  postLogoutRedirectUris: z.array(typed('address')).optional(),
  backchannelLogoutUri: typed('address').optional(),
  backchannelInternal: z
    .boolean()
    .meta({ description: 'Whether `backchannelLogoutUri` may be in your own network.' })
    .optional(),
  thirdParty: z.boolean().meta({ description: 'Whether people are asked for their consent.' }).optional(),
  partners: z
    .array(typed('slug'))
    .meta({ description: 'Slugs of the partners whose people it is for; else everybody.' })
    .optional(),
  jwks: jwks.meta({ description: 'Public keys for `private_key_jwt`: then there is no secret.' }).optional(),
  idTokenAlg: z.enum(ID_TOKEN_ALGS).meta({ description: 'Else `ES256`.' }).optional(),
});
const listQuery = z.strictObject(pageQuery);

export const clientsApi: readonly Route[] = [
  api({
    method: 'GET',
    path: CLIENTS,
    guard: 'apiKey:clients:read',
    summary: 'List OpenID Connect clients',
    query: listQuery,
    answer: pageOf(clientSchema),
    refusals: [],
    handle: ({ env, query }) =>
      readPage('clients', query, {
        list: (page) => listClientsAfter(env.db.read, page),
        idOf: ({ id }) => id,
        show: (client) => clientRecord(client),
      }),
  }),
  api({
    method: 'POST',
    path: CLIENTS,
    guard: 'apiKey:clients:write',
    summary: 'Add an OpenID Connect client; answers its secret, this once',
    body: newClient,
    answer: clientSchema,
    idempotent: true,
    refusals: ['not_found'],
    async handle(call) {
      const key = idempotencyKeyOf(call, 'add client', call.input);
      return idempotent(
        call.env,
        key,
        (around) => addClient(call.env, actorOf(call), describe(call.input), around),
        madeRecord,
      );
    },
  }),
  api({
    method: 'GET',
    path: ONE,
    guard: 'apiKey:clients:read',
    summary: 'Read an OpenID Connect client',
    answer: clientSchema,
    refusals: ['not_found'],
    async handle({ env, params }) {
      const client = await findClient(env.db.read, params.client ?? '');
      return client ? clientRecord(client) : refuse('not_found', { reason: 'client' });
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/new-secret`,
    guard: 'apiKey:clients:write',
    summary: 'Answer a new secret, this once; the one before is refused at once',
    answer: clientSchema,
    idempotent: true,
    refusals: ['not_found'],
    async handle(call) {
      const id = call.params.client ?? '';
      const key = idempotencyKeyOf(call, `new secret ${id}`, {});
      return idempotent(call.env, key, (around) => renewClientSecret(call.env, actorOf(call), id, around), madeRecord);
    },
  }),
  change('disable', 'Let nobody sign in to a client, and end what it was granted', async (env, actor, id) => {
    const disabled = await disableClient(env, actor, id);
    return isRefusal(disabled) ? disabled : disabled.client;
  }),
  change('enable', 'Let people sign in to a disabled client again', enableClient),
];

function describe({ jwks, ...input }: z.output<typeof newClient>) {
  const { name, type = 'web', redirectUris, postLogoutRedirectUris = [], idTokenAlg = 'ES256' } = input;
  const { backchannelLogoutUri, backchannelInternal = false, thirdParty = false, partners = [] } = input;
  return {
    name,
    type,
    redirectUris,
    postLogoutRedirectUris,
    idTokenAlg,
    partners,
    backchannelLogoutUri,
    isBackchannelInternal: backchannelInternal,
    isThirdParty: thirdParty,
    jwks: jwks === undefined ? undefined : JSON.stringify(jwks),
  };
}

function madeRecord({ client, secret }: MadeClient) {
  return clientRecord(client, secret);
}

function change(
  name: 'disable' | 'enable',
  summary: string,
  act: (env: Env, actor: Actor, id: string) => Promise<OidcClient | Refusal>,
): Route {
  return api({
    method: 'POST',
    path: `${ONE}/${name}`,
    guard: 'apiKey:clients:write',
    summary,
    answer: clientSchema,
    refusals: ['not_found'],
    async handle(call: ApiCall<'apiKey:clients:write', undefined>) {
      const client = await act(call.env, actorOf(call), call.params.client ?? '');
      return isRefusal(client) ? client : clientRecord(client);
    },
  });
}
