import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as openid from 'openid-client';

/** `url` and `issuer` are the addresses that browsers use for this portal and for Sallyport, without a path. */
export type Settings = Readonly<Record<'url' | 'issuer' | 'clientId' | 'clientSecret', string>>;

/** Pages that a sign-in can lead to. A closed list, so that no address can choose another target. */
export type Destination = '/account' | '/payouts';

/** A sign-in that a browser has begun: its target, and the values that the answer must match. */
export type Attempt = { readonly destination: Destination; readonly checks: openid.AuthorizationCodeGrantChecks };

/** The claims of an ID token, with the scopes `profile` and `partner`. */
type Claims = {
  readonly sub: string;
  /** The session at the issuer, which all portals share. */
  readonly sid: string;
  readonly name: string;
  readonly partner: { readonly id: string; readonly slug: string; readonly name: string } | null;
  readonly amr: readonly string[];
  readonly acr: string;
  /** When the last factor was proven, in Unix seconds. */
  readonly auth_time: number;
};

/** The signed-in person. The ID token is the hint at sign-out, so the issuer need not ask who is leaving. */
export type Person = Claims & { readonly idToken: string };

const MFA = 'urn:sallyport:acr:mfa';
const MFA_AGE_SECONDS = 5 * 60;

/** Whether a second factor was proven within the last five minutes. `phr`, a passkey, is stronger than `MFA`. */
export function hasFreshMfa({ acr, auth_time }: Person, nowSeconds = Date.now() / 1000): boolean {
  return [MFA, 'phr'].includes(acr) && nowSeconds - auth_time <= MFA_AGE_SECONDS;
}

export type Client = Awaited<ReturnType<typeof createClient>>;

/** Fetches the issuer's endpoints, once for all sign-ins. Plain HTTP is accepted only on this machine. */
export async function createClient(settings: Settings) {
  const { issuer, clientId, clientSecret } = settings;
  const isLocal = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(issuer);
  const config = await openid.discovery(new URL(issuer), clientId, undefined, openid.ClientSecretBasic(clientSecret), {
    execute: isLocal ? [openid.allowInsecureRequests] : [],
  });
  // Also checks the signature of ID tokens, because over plain HTTP nothing else proves who wrote them.
  openid.enableNonRepudiationChecks(config);
  return { settings, config, keys: createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? '')) };
}

/** The redirect that starts a sign-in, and the values to remember until the browser returns. */
export async function beginSignIn({ settings, config }: Client, destination: Destination) {
  const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
  const needsMfa = destination === '/payouts';
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: `${settings.url}/callback`,
    scope: 'openid profile partner',
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(needsMfa && { acr_values: MFA, max_age: String(MFA_AGE_SECONDS) }),
  });
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
  const attempt = { destination, checks: needsMfa ? { ...checks, maxAge: MFA_AGE_SECONDS } : checks };
  return { address: address.href, state, attempt };
}

/** Exchanges the code of a callback for a person, or answers the error that the issuer sent instead. */
export async function finishSignIn({ settings, config }: Client, search: string, { checks, destination }: Attempt) {
  try {
    const tokens = await openid.authorizationCodeGrant(config, new URL(`${settings.url}/callback${search}`), checks);
    // The library has checked the token, and the issuer documents these claims.
    const person = { ...(tokens.claims() as openid.IDToken & Claims), idToken: tokens.id_token ?? '' };
    // The browser carried the request and could change it, so the answer must prove that the requirement was met.
    const isMet = destination !== '/payouts' || hasFreshMfa(person);
    return isMet ? { person } : { problem: 'unmet_authentication_requirements' };
  } catch (error) {
    if (error instanceof openid.AuthorizationResponseError) return { problem: error.error };
    throw error;
  }
}

/** The browser goes here to end the session that all portals share. */
export function signOutAddress({ settings, config }: Client, { idToken }: Person): string {
  const post_logout_redirect_uri = `${settings.url}/signed-out`;
  return openid.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri }).href;
}

/**
 * The session that ended at the issuer. Throws if the token breaks the rules of Back-Channel Logout 1.0, section 2.6.
 */
export async function readLogoutToken({ settings, config, keys }: Client, token: string): Promise<string> {
  const { payload } = await jwtVerify(token, keys, {
    issuer: config.serverMetadata().issuer,
    audience: settings.clientId,
    typ: 'logout+jwt',
    requiredClaims: ['iat', 'exp', 'jti', 'sid'],
  });
  const isLogout = Object(payload.events)['http://schemas.openid.net/event/backchannel-logout'] !== undefined;
  if (!isLogout || 'nonce' in payload) throw new Error('a token that is not for logout');
  return String(payload.sid);
}
