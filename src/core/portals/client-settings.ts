import { cleanName } from '#core/people/name.ts';
import { isPublicAddress } from '#core/values/address.ts';
import { type ReasonOf, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import { newToken } from '#core/values/token.ts';
import { type PublicKeys, readPublicKeys } from './client-keys.ts';

/** `web` has a server that stores a secret or a private key; `browser` runs where everybody can read its code. */
export const CLIENT_TYPES = ['web', 'browser'] as const;
export type ClientType = (typeof CLIENT_TYPES)[number];

/** The algorithms that can sign a client's ID tokens. */
export const ID_TOKEN_ALGS = ['ES256', 'RS256'] as const;
export type IdTokenAlg = (typeof ID_TOKEN_ALGS)[number];

/** A client as somebody typed it. */
export type TypedClient = {
  readonly name: string;
  readonly type: ClientType;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | undefined;
  /** Whether back-channel logout may go to an address in the operator's own network. */
  readonly isBackchannelInternal: boolean;
  /** Whether people are asked for their consent. */
  readonly isThirdParty: boolean;
  /** JWK Set text: the client authenticates with `private_key_jwt` instead of a secret. */
  readonly jwks: string | undefined;
  readonly idTokenAlg: IdTokenAlg;
};

/** The same, checked. URIs stay exactly as typed, because they are compared character by character. */
export type ClientSettings = Omit<TypedClient, 'jwks'> & { readonly jwks: PublicKeys | undefined };

type Fault = ReasonOf<'invalid_request'> | false;

export const CLIENT_URIS_MOST = 20;
const URI_LENGTH_MOST = 2_000;

/** Checks every field, so that a form shows all its faults at once. */
export function checkClientSettings(typed: TypedClient): ClientSettings | Refusal {
  const name = cleanName(typed.name);
  const redirectUris = redirectUrisOf(typed.redirectUris);
  const postLogoutRedirectUris = redirectUrisOf(typed.postLogoutRedirectUris);
  const jwks = typed.jwks === undefined ? undefined : readPublicKeys(typed.jwks);
  const unfit = refuseFields([
    name === undefined && 'name',
    (redirectUris === undefined || redirectUris.length === 0) && 'redirect_uris',
    postLogoutRedirectUris === undefined && 'post_logout_redirect_uris',
    backchannelFault(typed),
    keysFault(typed, jwks),
  ]);
  const isWhole = name !== undefined && redirectUris !== undefined && postLogoutRedirectUris !== undefined;
  if (unfit || !isWhole || typeof jwks === 'string') return unfit ?? refuse('invalid_request');
  return { ...typed, name, redirectUris, postLogoutRedirectUris, jwks };
}

function keysFault({ type }: TypedClient, jwks: PublicKeys | 'malformed' | 'private' | undefined): Fault {
  if (jwks === 'private') return 'jwks_private';
  if (jwks === 'malformed') return 'jwks';
  return jwks !== undefined && type === 'browser' && 'jwks_type';
}

/** Whether a client authenticates with a secret. A browser cannot keep one, and a key pair replaces it. */
export function hasSecret({ type, jwks }: Pick<ClientSettings, 'type' | 'jwks'>): boolean {
  return type === 'web' && jwks === undefined;
}

/** A new client secret: 256 random bits after a prefix that secret scanners can find. */
export function newClientSecret(random: (bytes: number) => Buffer): string {
  return `spc_${newToken(random)}`;
}

/** Each URI once; `undefined` if there are too many or one is invalid. */
function redirectUrisOf(typed: readonly string[]): readonly string[] | undefined {
  if (typed.length > CLIENT_URIS_MOST || !typed.every(isRedirectUri)) return undefined;
  return [...new Set(typed)];
}

/**
 * Whether a browser may be sent there with a code: absolute, no fragment (RFC 6749 §3.1.2), https, or http to the
 * browser's own machine (RFC 8252 §7.3).
 */
export function isRedirectUri(typed: string): boolean {
  const url = readUri(typed);
  return url !== undefined && (url.protocol === 'https:' || isLoopbackHttp(url));
}

/** OpenID Connect Back-Channel Logout 1.0 §2.2: https. http to this machine is for development, so internal. */
function backchannelFault({ backchannelLogoutUri, isBackchannelInternal }: TypedClient): Fault {
  if (backchannelLogoutUri === undefined) return isBackchannelInternal && 'backchannel_logout_uri';
  const url = readUri(backchannelLogoutUri);
  if (!url || !(url.protocol === 'https:' || isLoopbackHttp(url))) return 'backchannel_logout_uri';
  const isInternal = url.protocol === 'http:' || isInternalHost(url.hostname);
  return isInternal && !isBackchannelInternal && 'backchannel_internal';
}

/**
 * An absolute URI without fragment and user, in visible ASCII, because a URI that the parser corrects would later
 * differ from the typed text. The host is a plain name or address: it becomes a source in our Content-Security-Policy.
 */
function readUri(typed: string): URL | undefined {
  if (typed.length > URI_LENGTH_MOST || !/^[a-z]+:\/\/[!-~]+$/i.test(typed) || /[#\\]/.test(typed)) return undefined;
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  const isPlain =
    url?.username === '' && url.password === '' && /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url.hostname);
  return isPlain ? url : undefined;
}

function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]');
}

/** Names that no public resolver answers: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and names without a dot. */
const INTERNAL_NAME = /^[^.]+$|\.(?:localhost|local|internal|home\.arpa)$/;

/** The address of a public host name is only known, and checked, when a token is sent there. */
function isInternalHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const isAddress = bare.includes(':') || /^\d+(?:\.\d+){3}$/.test(bare);
  return isAddress ? !isPublicAddress(bare) : INTERNAL_NAME.test(bare);
}

type Configured = {
  /** The public URL of this server, without a path. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent if there is none, or if it is no longer known. */
  readonly secret?: string | undefined;
  readonly redirectUri: string | undefined;
};

/** The settings that a portal needs, one a line, to copy into its environment. */
export function clientConfiguration({ issuer, clientId, secret, redirectUri }: Configured): readonly string[] {
  return [
    `OIDC_ISSUER=${issuer}`,
    `OIDC_DISCOVERY_URL=${discoveryUrl(issuer)}`,
    `OIDC_CLIENT_ID=${clientId}`,
    ...(secret === undefined ? [] : [`OIDC_CLIENT_SECRET=${secret}`]),
    ...(redirectUri === undefined ? [] : [`OIDC_REDIRECT_URI=${redirectUri}`]),
  ];
}

/** The document with all other facts about this server: OpenID Connect Discovery 1.0 §4. */
function discoveryUrl(issuer: string): string {
  return `${issuer}/.well-known/openid-configuration`;
}
