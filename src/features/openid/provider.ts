import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { ACR_VALUES } from '#core/authenticators/assurance.ts';
import { askedOf, HINTED_SUB, isMaxAge, isPrompt, MAX_AGE, PROMPT } from '#core/portals/asked.ts';
import { errorOf, errorOfReturn, type NextStep } from '#core/portals/authorization.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { LOCALES } from '#messages/locales.ts';
import { findGrant } from '#store/oidc/grants.ts';
import { adapterFor } from './adapter.ts';
import { assess } from './assess.ts';
import { CLAIMS_BY_SCOPE, claimsOf } from './claims.ts';
import { currentWork } from './work.ts';

const CODE_SECONDS = 60;
const ID_TOKEN_SECONDS = 5 * 60;
const ACCESS_TOKEN_SECONDS = 5 * 60;
const REFRESH_TOKEN_SECONDS = 30 * DAY_SECONDS;
const GRANT_SECONDS = 365 * DAY_SECONDS;
/** Long enough for a set-up with a phone that the person must first find. */
export const REQUEST_SECONDS = 30 * 60;

/** The signing keys with their private parts, the active one of each algorithm first. */
export type ProviderKeys = { readonly keys: readonly object[] };

type Library = typeof import('oidc-provider');

/** The protocol library over our storage. Creating one takes some ms, so only a key rotation does it again. */
export async function makeProvider(issuer: string, jwks: ProviderKeys): Promise<Provider> {
  // The import costs half a second and 40 MB, so only a server that uses OpenID Connect pays for it.
  const library = await import('oidc-provider');
  const provider = new library.Provider(issuer, configuration(library, issuer, jwks));
  // Host and scheme of every address are from the public URL: `exchange` sends them.
  provider.proxy = false;
  return provider;
}

function configuration(library: Library, issuer: string, jwks: ProviderKeys): Configuration {
  return {
    adapter: adapterFor,
    // The library checks these values itself, and its types are stricter than necessary.
    jwks: jwks as NonNullable<Configuration['jwks']>,
    ...PROTOCOL,
    discovery: { ...PROTOCOL.discovery, end_session_endpoint: `${issuer}/oidc/sign-out` },
    extraParams: extraParams(library),
    interactions: { policy: policy(library), url: () => '/' },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      IdToken: ID_TOKEN_SECONDS,
      RefreshToken: REFRESH_TOKEN_SECONDS,
      Grant: GRANT_SECONDS,
      Interaction: REQUEST_SECONDS,
      Session: 1,
    },
    loadExistingGrant: async (ctx) => loadGrant(ctx),
    async findAccount(_, sub, token) {
      const grantId = token && 'grantId' in token ? token.grantId : undefined;
      return { accountId: sub, claims: async (use) => claimsFor(library, grantId, use) };
    },
    issueRefreshToken: async (_, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: () => !currentWork().keepsRefreshToken,
    expiresWithSession: async () => false,
    // A client with a server does not need our answers in a browser.
    clientBasedCORS: (_, origin, client) =>
      client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    renderError: async (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  };
}

/** The settings that are the same for every installation. */
const PROTOCOL = {
  routes: {
    authorization: '/oidc/authorize',
    token: '/oidc/token',
    userinfo: '/oidc/userinfo',
    jwks: '/oidc/jwks',
    pushed_authorization_request: '/oidc/par',
    revocation: '/oidc/revoke',
    introspection: '/oidc/introspect',
  },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    resourceIndicators: { enabled: false },
    dPoP: { enabled: false },
    claimsParameter: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async (_, client, token) => mayIntrospect(client, token) },
    revocation: { enabled: true, allowedPolicy: async (_, client, token) => token.clientId === client.clientId },
    pushedAuthorizationRequests: { enabled: true },
  },
  discovery: {
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    ui_locales_supported: [...LOCALES],
  },
  acrValues: [...ACR_VALUES],
  claims: CLAIMS_BY_SCOPE,
  scopes: ['openid', 'offline_access', 'profile', 'email', 'partner'],
  conformIdTokenClaims: false,
  responseTypes: ['code'],
  subjectTypes: ['public'],
  pkce: { required: () => true },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  allowOmittingSingleRegisteredRedirectUri: false,
  enableHttpPostMethods: false,
} satisfies Configuration;

type Token = { readonly clientId?: string | undefined };

/** A public client may introspect only its own tokens, because it does not authenticate. */
function mayIntrospect(client: { clientId: string; clientAuthMethod?: string | undefined }, token: Token): boolean {
  return client.clientAuthMethod !== 'none' || token.clientId === client.clientId;
}

function extraParams({ errors }: Library): NonNullable<Configuration['extraParams']> {
  const invalid = (name: string): never => {
    throw new errors.InvalidRequest(`invalid ${name} parameter value`);
  };
  return {
    [PROMPT]: (_ctx, value) => {
      if (value !== undefined && !isPrompt(value)) invalid('prompt');
    },
    [MAX_AGE]: (_ctx, value) => {
      if (value !== undefined && !isMaxAge(value)) invalid('max_age');
    },
  };
}

/** One check replaces those of the library: whether the person must still do something. */
function policy({
  interactionPolicy,
  errors,
}: Library): NonNullable<NonNullable<Configuration['interactions']>['policy']> {
  const { Prompt, Check } = interactionPolicy;
  const refused = (code: string) => new errors.CustomOIDCProviderError(code, 'The request cannot be met.');
  const check = new Check('waits', 'the person has to be asked', 'interaction_required', async (ctx) => {
    const step = await stepOf(ctx);
    if (currentWork().isCancelled) throw refused(errorOfReturn(step, askedOf(Object(ctx.oidc.params))));
    if (step === 'done') return Check.NO_NEED_TO_PROMPT;
    if (step !== 'unmet' && ctx.oidc.params?.[PROMPT] !== 'none') return Check.REQUEST_PROMPT;
    throw refused(errorOf(step));
  });
  const login = new Prompt({ name: 'login', requestable: true }, check);
  // `nextStep` makes the library's own check.
  login.checks.remove('login_prompt');
  const consent = new Prompt({ name: 'consent', requestable: true });
  consent.checks.clear();
  return [login, consent];
}

/** Computed once per request, because the library asks twice. */
async function stepOf({ oidc }: KoaContextWithOIDC): Promise<NextStep> {
  const work = currentWork();
  const hint = oidc.entities.IdTokenHint?.payload.sub;
  if (typeof hint === 'string') work.hintedSub = hint;
  const params = { ...oidc.params, [HINTED_SUB]: work.hintedSub };
  work.step ??= await assess(work, { clientId: oidc.client?.clientId ?? '', params });
  return work.step;
}

/** A new grant for each authorization, with exactly its scopes. Another tab of the client has its own grant. */
async function loadGrant(ctx: KoaContextWithOIDC) {
  const { client, session } = ctx.oidc;
  if (!client || !session?.accountId || currentWork().isCancelled || (await stepOf(ctx)) !== 'done') return undefined;
  const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  // One of our ids, so that the audit log can name it.
  grant.jti = currentWork().env.newId();
  grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '));
  grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
  await grant.save();
  return grant;
}

async function claimsFor({ errors }: Library, grantId: string | undefined, use: string) {
  const grant = grantId === undefined ? undefined : await findGrant(currentWork().env.db.read, grantId);
  // The grant was revoked during the request.
  if (!grant)
    throw use === 'userinfo' ? new errors.InvalidToken('grant not found') : new errors.InvalidGrant('grant not found');
  return { sub: grant.user.id, ...claimsOf(grant, use) };
}
