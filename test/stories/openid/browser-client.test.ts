import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { ORIGIN, type World } from '../../world.ts';
import { CALLBACK, openStory, signedIn, tokensFor } from './openid-story.ts';

const PORTAL = 'https://portal.example';
const ASKED = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

async function ask(world: World, path: string, init: RequestInit): Promise<Response> {
  return world.app.fetch(new Request(`${ORIGIN}${path}`, init), { remoteAddress: '192.0.2.77' });
}

function allowed({ headers }: Response): string | null {
  return headers.get('access-control-allow-origin');
}

test('a client in a browser has no secret, and reads its answers at its own origin alone', async (t) => {
  const { world, config, portal, ana } = await openStory(t, { client: { type: 'browser' } });
  assert.equal(portal.secret, undefined);
  const browser = await signedIn(world);
  const tokens = await tokensFor(config, browser, { scope: 'openid email offline_access' });
  const authorization = `Bearer ${tokens.access_token}`;
  for (const [origin, expected] of [
    [PORTAL, PORTAL],
    ['https://evil.example', null],
    ['https://portal.example.evil.example', null],
    ['http://portal.example', null],
    ['null', null],
  ] as const) {
    const info = await ask(world, '/oidc/userinfo', { headers: { origin, authorization } });
    assert.equal(allowed(info), expected, origin);
    // Without cookies, because the answer depends only on the token.
    assert.equal(info.headers.get('access-control-allow-credentials'), null);
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: portal.client.id, refresh_token: 'x' });
    const refused = await ask(world, '/oidc/token', { method: 'POST', body, headers: { origin } });
    assert.equal(allowed(refused), expected, `${origin} at the token endpoint`);
  }
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, ana.id)).email, ana.email);
  await oidc.refreshTokenGrant(config, String(tokens.refresh_token));
});

test('discovery and keys are for everybody; the preflight of token and userinfo is answered', async (t) => {
  const { world } = await openStory(t, { client: { type: 'browser' } });
  for (const path of ['/.well-known/openid-configuration', '/oidc/jwks']) {
    const answer = await ask(world, path, { headers: { origin: PORTAL } });
    assert.equal(answer.status, 200);
    assert.ok(['*', PORTAL].includes(String(allowed(answer))), path);
    assert.equal(answer.headers.get('cross-origin-resource-policy'), 'cross-origin', path);
  }
  for (const path of ['/oidc/token', '/oidc/userinfo']) {
    const answer = await ask(world, path, { method: 'OPTIONS', headers: { origin: PORTAL, ...ASKED } });
    assert.equal(answer.status, 204, path);
    assert.equal(allowed(answer), PORTAL, path);
  }
});

test('a client with a server gets no answer that a script can read', async (t) => {
  const { world, config, portal } = await openStory(t);
  const tokens = await tokensFor(config, await signedIn(world));
  const headers = { origin: PORTAL, authorization: `Bearer ${tokens.access_token}` };
  const answer = await ask(world, '/oidc/userinfo', { headers });
  assert.equal(allowed(answer), null);
  const body = new URLSearchParams({ client_id: portal.client.id, client_secret: portal.secret ?? '', code: 'x' });
  body.set('grant_type', 'authorization_code');
  body.set('redirect_uri', CALLBACK);
  assert.equal(allowed(await ask(world, '/oidc/token', { method: 'POST', body, headers: { origin: PORTAL } })), null);
});

test('no script of another origin gets an answer from a page of ours', async (t) => {
  const { world } = await openStory(t, { client: { type: 'browser' } });
  for (const path of ['/oidc/authorize', '/oidc/sign-out', '/sign-in', '/consent', '/oidc/choose']) {
    assert.equal(allowed(await ask(world, path, { headers: { origin: PORTAL } })), null, path);
  }
});
