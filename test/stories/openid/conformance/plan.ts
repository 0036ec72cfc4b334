import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { ORIGIN, type Person, type World } from '../../../world.ts';
import { CALLBACK, follow, openStory, type Place, pathOf, signedIn } from '../openid-story.ts';

// Shared by the files in this folder. Their tests are named after the modules of the OpenID conformance plans, and use
// another client than the stories.

export type Fields = Readonly<Record<string, string>>;

function options(world: World) {
  return {
    [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, unknown>) =>
      world.app.fetch(new Request(url, init as RequestInit), { remoteAddress: '192.0.2.78' }),
  };
}

export async function discovered(world: World): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(ORIGIN);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options(world)));
}

/** An authorization request in progress, and the values that its client remembers. */
export type Asked = {
  readonly params: Fields;
  readonly verifier: string;
  readonly place: Place;
};

/** Marks a parameter that is not sent. */
const ABSENT = '';

/** A client configured as in the plans, and a browser in which Ana is signed in. */
export async function openPlan(t: Parameters<typeof openStory>[0], setting: Parameters<typeof openStory>[1] = {}) {
  const { world, portal, ana, secret } = await openStory(t, setting);
  const server = await discovered(world);
  const signedInBrowser = await signedIn(world, { secret });
  const client: oauth.Client = { client_id: portal.client.id };
  const proof = oauth.ClientSecretBasic(String(portal.secret));

  /** The authorization request of the plans, with PKCE, which every client of ours sends. */
  async function request(params: Fields = {}) {
    const verifier = oauth.generateRandomCodeVerifier();
    const all: Fields = {
      ...{ client_id: portal.client.id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid' },
      ...{ state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...params,
    };
    return { verifier, params: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ABSENT)) };
  }

  /** Opens it in a browser. Empty parameters are not sent. */
  async function ask(params: Fields = {}, browser: Person = signedInBrowser): Promise<Asked> {
    const asked = await request(params);
    const url = new URL(String(server.authorization_endpoint));
    url.search = new URLSearchParams(asked.params).toString();
    return { ...asked, place: await follow(browser, pathOf(url)) };
  }

  function exchange({ params, verifier }: Asked, left: URL | undefined, by = proof): Promise<Response> {
    assert.ok(left, 'the browser is led back to the client');
    const answer = oauth.validateAuthResponse(server, client, left, params.state ?? oauth.expectNoState);
    return oauth.authorizationCodeGrantRequest(
      ...([server, client, by, answer, CALLBACK, verifier] as const),
      options(world),
    );
  }

  /** From the code to verified tokens. */
  async function redeem(asked: Asked, left = asked.place.left, by = proof) {
    const { nonce } = asked.params;
    const checks = { requireIdToken: true, ...(nonce !== undefined && { expectedNonce: nonce }) };
    const response = await exchange(asked, left, by);
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
    return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
  }

  const run = async (params: Fields = {}, by = proof) => redeem(await ask(params), undefined, by);

  async function userinfo(accessToken: string) {
    const response = await oauth.userInfoRequest(server, client, accessToken, options(world));
    return oauth.processUserInfoResponse(server, client, ana.id, response);
  }

  async function refresh(token: string) {
    const response = await oauth.refreshTokenGrantRequest(server, client, proof, token, options(world));
    return oauth.processRefreshTokenResponse(server, client, response);
  }

  const send = (url: string, init: RequestInit) =>
    world.app.fetch(new Request(url, init), { remoteAddress: '192.0.2.78' });

  return {
    ...{ world, portal, ana, server, client, browser: signedInBrowser },
    ...{ request, ask, exchange, redeem, run, userinfo, refresh, send },
  };
}

/** The error that a client gets instead of a code. */
export function errorOf({ place }: Pick<Asked, 'place'>): string | null {
  assert.ok(place.left, `a page is shown: ${place.path}`);
  assert.equal(place.left.searchParams.has('code'), false);
  return place.left.searchParams.get('error');
}
