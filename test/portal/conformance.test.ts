import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { ORIGIN, type World } from '../world.ts';
import { CALLBACK, follow, openStory, type Portal, pathOf, signedIn } from './openid-story.ts';

// Named like the modules of the OpenID conformance plans, and done with another client than the stories beside this file.

type Fields = Readonly<Record<string, string>>;

function options(world: World) {
  return {
    [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, unknown>) =>
      world.app.fetch(new Request(url, init as RequestInit), { remoteAddress: '192.0.2.78' }),
  };
}

async function discovered(world: World): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(ORIGIN);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options(world)));
}

async function openPlan(t: Parameters<typeof openStory>[0]) {
  const { world, portal, ana } = await openStory(t);
  const server = await discovered(world);
  const browser = await signedIn(world);
  const client: oauth.Client = { client_id: portal.client.id };
  const proof = oauth.ClientSecretBasic(String(portal.secret));

  /** From the authorization request to the answer of the token endpoint. */
  async function run(params: Fields = {}, by = proof) {
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(String(server.authorization_endpoint));
    const all = { ...(await request(portal, verifier)), state, nonce, ...params };
    url.search = new URLSearchParams(all).toString();
    const { left } = await follow(browser, pathOf(url));
    assert.ok(left);
    const answer = oauth.validateAuthResponse(server, client, left, state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, by, answer, CALLBACK, verifier] as const),
      options(world),
    );
    const checks = { expectedNonce: nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
    return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
  }

  async function userinfo(accessToken: string) {
    const response = await oauth.userInfoRequest(server, client, accessToken, options(world));
    return oauth.processUserInfoResponse(server, client, ana.id, response);
  }

  return { world, portal, ana, server, run, userinfo };
}

async function request({ client }: Portal, verifier: string): Promise<Fields> {
  return {
    ...{ client_id: client.id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid' },
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
}

describe('oidcc-config-certification-test-plan', () => {
  test('oidcc-discovery-endpoint-verification', async (t) => {
    const { world } = await openStory(t);
    const server = await discovered(world);
    assert.equal(server.issuer, ORIGIN);
    assert.deepEqual(server.response_types_supported, ['code']);
    assert.deepEqual(server.subject_types_supported, ['public']);
    assert.deepEqual(server.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(server.id_token_signing_alg_values_supported?.toSorted(), ['ES256', 'RS256']);
    assert.equal(server.authorization_response_iss_parameter_supported, true);
    assert.equal(server.end_session_endpoint, `${ORIGIN}/oidc/sign-out`);
    assert.equal(server.backchannel_logout_session_supported, true);
    assert.equal(server.claims_parameter_supported, true);
    assert.notEqual(server.request_uri_parameter_supported, true);
  });
});

describe('oidcc-basic-certification-test-plan', () => {
  test('oidcc-server', async (t) => {
    const { run, ana } = await openPlan(t);
    const { tokens, claims } = await run();
    assert.equal(claims?.sub, ana.id);
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.expires_in, 300);
  });

  test('oidcc-idtoken-signature', async (t) => {
    const { run, world, server } = await openPlan(t);
    const { tokens } = await run();
    const [head = ''] = String(tokens.id_token).split('.');
    const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url').toString());
    assert.equal(alg, 'ES256');
    const keys = await (
      await world.app.fetch(new Request(String(server.jwks_uri)), { remoteAddress: '192.0.2.78' })
    ).json();
    const key = Object(keys).keys.find((one: { kid: string }) => one.kid === kid);
    assert.ok(key);
    for (const secret of ['d', 'p', 'q']) assert.equal(secret in key, false);
  });

  test('oidcc-userinfo-get, oidcc-scope-profile, oidcc-scope-email', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    const plain = await userinfo((await run()).tokens.access_token);
    assert.deepEqual(plain, { sub: ana.id });
    const full = await userinfo((await run({ scope: 'openid profile email' })).tokens.access_token);
    assert.equal(full.name, 'Ana Silva');
    assert.equal(full.email, ana.email);
    assert.equal(full.email_verified, false);
  });

  test('oidcc-server-client-secret-post', async (t) => {
    const { run, portal } = await openPlan(t);
    await run({}, oauth.ClientSecretPost(String(portal.secret)));
  });

  test('oidcc-max-age-10000, oidcc-id-token-hint, oidcc-prompt-none-logged-in', async (t) => {
    const { run, ana } = await openPlan(t);
    const first = await run({ max_age: '10000' });
    assert.equal(typeof first.claims?.auth_time, 'number');
    const again = await run({ prompt: 'none', id_token_hint: String(first.tokens.id_token) });
    assert.equal(again.claims?.sub, ana.id);
    assert.equal(again.claims?.auth_time, first.claims?.auth_time);
  });

  test('oidcc-ensure-request-with-unknown-parameter-succeeds, oidcc-ensure-request-with-valid-pkce-succeeds', async (t) => {
    const { run } = await openPlan(t);
    await run({ extra: 'foobar', display: 'popup', claims_locales: 'se', login_hint: 'x', ui_locales: 'se' });
  });

  test('oidcc-ensure-request-object-with-redirect-uri', async (t) => {
    const { run } = await openPlan(t);
    await assert.rejects(run({ request: 'e30.e30.' }), { error: 'request_not_supported' });
  });

  test('oidcc-refresh-token', async (t) => {
    const { run, server, world, portal } = await openPlan(t);
    const { tokens } = await run({ scope: 'openid offline_access' });
    const client = { client_id: portal.client.id };
    const proof = oauth.ClientSecretBasic(String(portal.secret));
    const token = String(tokens.refresh_token);
    const response = await oauth.refreshTokenGrantRequest(server, client, proof, token, options(world));
    const fresh = await oauth.processRefreshTokenResponse(server, client, response);
    assert.notEqual(fresh.refresh_token, token);
  });
});
