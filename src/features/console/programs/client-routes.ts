import { z } from 'zod';
import { CLIENT_TYPES, ID_TOKEN_ALGS } from '#core/portals/client-settings.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { isShort } from '#core/values/text.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import {
  addClient,
  type DescribedClient,
  disableClient,
  enableClient,
  type MadeClient,
  renewClientSecret,
} from '#flows/administration/openid-clients.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findClient, listClients } from '#store/oidc/clients.ts';
import { countClientGrants } from '#store/oidc/grants.ts';
import { CLIENT_FIELDS, type ClientTyped, clientFormPage } from './client-form-page.ts';
import { clientPage, clientsPage } from './clients-page.ts';
import { makeSecret } from './secret-routes.ts';

const CLIENTS = '/console/clients';
const ONE = `${CLIENTS}/:client`;

const clientForm = z.object({
  name: typed('name').optional(),
  type: typed('word').optional(),
  redirect_uris: typed('uris').optional(),
  post_logout_redirect_uris: typed('uris').optional(),
  backchannel_logout_uri: typed('address').optional(),
  backchannel_internal: typed('word').optional(),
  third_party: typed('word').optional(),
  partners: typed('slugs').optional(),
  jwks: typed('jwks').optional(),
  id_token_alg: typed('word').optional(),
});

// Without the keys, because someone may have pasted a private one.
const RESTORED = CLIENT_FIELDS.filter((name) => name !== 'jwks');

export const clientRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: CLIENTS,
    guard: 'staffAdmin',
    handle: async ({ env, view, query }) => show(clientsPage(view, await listClients(env.db.read), doneOf(query))),
  }),
  page({
    method: 'GET',
    path: `${CLIENTS}/new`,
    guard: 'staffAdminSteppedUp',
    handle: ({ view }) => show(clientFormPage(view, view.restored ?? {})),
  }),
  page({
    method: 'POST',
    path: `${CLIENTS}/new`,
    guard: 'staffAdminSteppedUp',
    form: clientForm,
    keeps: RESTORED,
    handle: submitNew,
  }),
  page({ method: 'GET', path: ONE, guard: 'staffAdmin', handle: showOne }),
  ...act('disable', (call, id) =>
    idempotentForm(
      call,
      (around) => disableClient(call.env, actorOf(call), id, around),
      seeOther(`${CLIENTS}/${id}?done=clientDisabled`),
    ),
  ),
  ...act('enable', (call, id) =>
    idempotentForm(
      call,
      (around) => enableClient(call.env, actorOf(call), id, around),
      seeOther(`${CLIENTS}/${id}?done=clientEnabled`),
    ),
  ),
  ...act('new-secret', (call, id) =>
    makeSecret(call, { secretOf, act: (around) => renewClientSecret(call.env, actorOf(call), id, around) }),
  ),
];

/** An act on a client: the page with its consequences, and its button. */
function act(
  name: 'disable' | 'enable' | 'new-secret',
  work: (call: ActCall<'staffAdminSteppedUp'>, id: string) => Promise<Reply | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'staffAdminSteppedUp',
    missing,
    find: ({ env, params }) => findClient(env.db.read, params.client ?? ''),
    elsewhere: ({ view }, { secretHash }) =>
      name === 'new-secret' && secretHash === undefined ? missing(view) : undefined,
    async draw({ env, view }, client, _typed, refusal) {
      if (refusal) return clientPage(view, { client, refusal: refusedWords(view, refusal) });
      const title = view.t(`act.${name}.button`, { name: client.name });
      const above = { href: `${CLIENTS}/${client.id}`, label: client.name };
      const grants = await countClientGrants(env.db.read, client.id, env.now());
      const text = view.t(`clients.${name}.text`, { name: client.name, grants });
      const action = `${above.href}/${name}`;
      return questionPage(view, {
        title,
        text,
        action,
        above,
        isGrave: name !== 'enable',
        part: 'clients',
      });
    },
    act: (call, { id }) => work(call, id),
  });
}

async function showOne({ env, view, params, query }: PageCall<'staffAdmin'>): Promise<Reply> {
  const client = await findClient(env.db.read, params.client ?? '');
  return client ? show(clientPage(view, { client, done: doneOf(query) })) : missing(view);
}

async function submitNew(call: PageCall<'staffAdminSteppedUp', z.output<typeof clientForm>>): Promise<Reply> {
  const { view, input } = call;
  const made = await makeSecret(call, {
    secretOf,
    act: (around) => addClient(call.env, actorOf(call), describe(input), around),
    otherwise: ({ client }) => `${CLIENTS}/${client.id}?done=clientAdded`,
  });
  if (!isRefusal(made)) return made;
  // A pasted private key is never shown again.
  const isPrivate = made.reason === 'jwks_private' || made.also?.includes('jwks_private');
  const shown = isPrivate ? { ...input, jwks: '' } : input;
  return showRefusal(clientFormPage(view, shown, refusedWords(view, made)), made);
}

function secretOf({ client: { id, name, redirectUris }, secret }: MadeClient) {
  if (secret === undefined) return undefined;
  return { kind: 'client', id, name, redirectUri: redirectUris[0], secret } as const;
}

function describe(typed: ClientTyped): DescribedClient {
  const backchannel = (typed.backchannel_logout_uri ?? '').trim();
  const jwks = (typed.jwks ?? '').trim();
  return {
    name: typed.name ?? '',
    type: CLIENT_TYPES.find((known) => known === typed.type) ?? 'web',
    redirectUris: wordsOf('uris', typed.redirect_uris),
    postLogoutRedirectUris: wordsOf('uris', typed.post_logout_redirect_uris),
    backchannelLogoutUri: backchannel === '' ? undefined : backchannel,
    isBackchannelInternal: typed.backchannel_internal === 'yes',
    isThirdParty: typed.third_party === 'yes',
    partners: wordsOf('slugs', typed.partners),
    jwks: jwks === '' ? undefined : jwks,
    idTokenAlg: ID_TOKEN_ALGS.find((known) => known === typed.id_token_alg) ?? 'ES256',
  };
}

/** One item per line. An overlong text becomes one empty item, which every rule refuses, so nothing is lost unseen. */
function wordsOf(kind: 'uris' | 'slugs', text = ''): readonly string[] {
  return isShort(kind, text) ? text.split(/[\s,]+/).filter((word) => word !== '') : [''];
}
