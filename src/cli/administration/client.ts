import { readFileSync, statSync } from 'node:fs';
import { type Call, command, isMisuse, JSON_OPTION, type Misuse } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, linkAdvice, withEnv } from '#cli/open.ts';
import { typedPath } from '#cli/path.ts';
import { CLIENT_TYPES, clientConfiguration, ID_TOKEN_ALGS } from '#core/portals/client-settings.ts';

import { instant } from '#core/time/day.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import {
  addClient,
  type DescribedClient,
  disableClient,
  enableClient,
  type MadeClient,
  renewClientSecret,
} from '#flows/administration/openid-clients.ts';
import { findClient, listClients, type OidcClient } from '#store/oidc/clients.ts';
import { clientRecord } from '#wire/records.ts';

const ADD_OPTIONS = {
  'redirect-uri': {
    value: 'URI',
    required: true,
    many: true,
    about: 'where people come back to, compared character by character: https, or http to this machine',
  },
  'post-logout-redirect-uri': { value: 'URI', many: true, about: 'where people may go after they signed out' },
  'backchannel-logout-uri': { value: 'URI', about: 'where a notice goes when a session ends; https' },
  internal: { about: 'the back-channel logout URI is in your own network' },
  type: { value: 'web|browser', about: 'web keeps a secret, browser cannot; else web' },
  'third-party': { about: 'people are asked for their consent' },
  partner: { value: 'SLUG', many: true, about: 'for the people of this partner alone; else for everybody' },
  jwks: { value: 'FILE', about: 'public keys: the client authenticates with private_key_jwt and has no secret' },
  'id-token-alg': { value: 'ES256|RS256', about: 'what ID tokens are signed with; else ES256' },
  ...JSON_OPTION,
} as const;

const add = command({
  words: 'client add',
  args: ['NAME'],
  options: ADD_OPTIONS,
  summary: 'Adds an OpenID Connect client and prints its secret once.',
  async run(call) {
    const described = describe(call);
    if (isMisuse(described)) return described;
    return withEnv(async (env) => shownOnce(env, await addClient(env, ACTOR, described), call.json));
  },
});

const list = command({
  words: 'client list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the OpenID Connect clients, and which of them are disabled.',
  run: () =>
    withEnv(async (env) => {
      const clients = await listClients(env.db.read);
      const rows = clients.map((client) => [client.id, client.name, client.type, stateLine(client), usedLine(client)]);
      return { data: clients.map((client) => clientRecord(client)), lines: columns(rows) };
    }),
});

const show = command({
  words: 'client show',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Prints an OpenID Connect client, and what its configuration needs.',
  run: ({ args, json }) =>
    withEnv(async (env) => {
      const client = await findClient(env.db.read, args.ID);
      if (!client) return refuse('not_found', { reason: 'client' });
      const lines = [...columns(factsOf(client)), '', ...configuration(env, client, undefined)];
      return { data: clientRecord(client), lines, advice: json ? [] : await linkAdvice(env) };
    }),
});

const newSecret = command({
  words: 'client new-secret',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Prints a new secret once; the previous secret stops working right away.',
  run: ({ args, json }) => withEnv(async (env) => shownOnce(env, await renewClientSecret(env, ACTOR, args.ID), json)),
});

const disable = command({
  words: 'client disable',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Disables a client: no one can sign in to it, and its grants end.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const disabled = await disableClient(env, ACTOR, args.ID);
      if (isRefusal(disabled)) return disabled;
      const { client, grants } = disabled;
      const lines = [
        `${client.name} is disabled: nobody can sign in to it.`,
        `Ended with their tokens: sign-ins to it ${grants}. Sessions here go on.`,
      ];
      return { data: clientRecord(client), lines };
    }),
});

const enable = command({
  words: 'client enable',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Enables a disabled client: people can sign in to it again.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const client = await enableClient(env, ACTOR, args.ID);
      if (isRefusal(client)) return client;
      return { data: clientRecord(client), lines: [`${client.name} is active: people can sign in to it.`] };
    }),
});

export const commands = [add, list, show, newSecret, disable, enable];

function describe({ args, options }: Call<'NAME', typeof ADD_OPTIONS>): DescribedClient | Misuse {
  const type = CLIENT_TYPES.find((known) => known === (options.type ?? 'web'));
  if (type === undefined) return { misuse: `--type must be one of ${CLIENT_TYPES.join(', ')}` };
  const idTokenAlg = ID_TOKEN_ALGS.find((known) => known === (options['id-token-alg'] ?? 'ES256'));
  if (idTokenAlg === undefined) return { misuse: `--id-token-alg must be one of ${ID_TOKEN_ALGS.join(', ')}` };
  const backchannelLogoutUri = options['backchannel-logout-uri'];
  if (options.internal && backchannelLogoutUri === undefined)
    return { misuse: '--internal goes only with --backchannel-logout-uri' };
  if (options.jwks !== undefined && type === 'browser') return { misuse: '--jwks goes only with --type web' };
  return {
    name: args.NAME,
    type,
    idTokenAlg,
    backchannelLogoutUri,
    redirectUris: options['redirect-uri'],
    postLogoutRedirectUris: options['post-logout-redirect-uri'],
    isBackchannelInternal: options.internal,
    isThirdParty: options['third-party'],
    partners: options.partner,
    jwks: options.jwks === undefined ? undefined : readKeys(options.jwks),
  };
}

/** A set of ten public keys is shorter than this. */
const KEYS_BYTES_MOST = 64 * 1024;

function readKeys(path: string): string {
  const file = typedPath(path);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error(`there is no file ${file}`);
  return stat.size > KEYS_BYTES_MOST ? '' : readFileSync(file, 'utf8');
}

async function shownOnce(env: Env, made: MadeClient | Refusal, json: boolean) {
  if (isRefusal(made)) return made;
  const { client, secret } = made;
  const how = secret === undefined ? 'It has no secret.' : 'Its secret is not shown again.';
  const lines = [`${client.name} is ${stateOf(client)}. ${how}`, '', ...configuration(env, client, secret)];
  return { data: clientRecord(client, secret), lines, advice: json ? [] : await linkAdvice(env) };
}

function configuration({ config }: Env, { id, redirectUris }: OidcClient, secret: string | undefined) {
  const { origin } = config.publicUrl;
  return clientConfiguration({ issuer: origin, clientId: id, secret, redirectUri: redirectUris[0] });
}

function factsOf(client: OidcClient): readonly (readonly string[])[] {
  const { backchannelLogoutUri, isBackchannelInternal, partners } = client;
  const logoutUri = backchannelLogoutUri ?? 'none';
  return [
    ['Name', client.name],
    ['State', stateLine(client)],
    ['Used', usedLine(client)],
    ['Type', client.type],
    ['Authenticates with', client.type === 'browser' ? 'nothing' : client.jwks ? 'private_key_jwt' : 'a secret'],
    ['Consent', client.isThirdParty ? 'asked for' : 'not asked for'],
    ['For', partners.length === 0 ? 'everybody' : partners.map(({ slug }) => slug).join(', ')],
    ['ID tokens', client.idTokenAlg],
    ...client.redirectUris.map((uri) => ['Redirect URI', uri]),
    ...client.postLogoutRedirectUris.map((uri) => ['After sign-out', uri]),
    ['Back-channel logout', isBackchannelInternal ? `${logoutUri} (internal)` : logoutUri],
  ];
}

function stateOf({ disabledAt }: OidcClient): 'active' | 'disabled' {
  return disabledAt === undefined ? 'active' : 'disabled';
}

function stateLine({ disabledAt }: OidcClient): string {
  return disabledAt === undefined ? 'active' : `disabled ${instant(disabledAt)}`;
}

function usedLine({ lastUsedAt }: OidcClient): string {
  return lastUsedAt === undefined ? 'never used' : `last used ${instant(lastUsedAt)}`;
}
