import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { publicJwks, signJwt } from '#flows/runtime/signing-keys.ts';
import { ORIGIN, type World } from '../../world.ts';
import { addPortal, discover, errorIn, follow, open, openStory, signedIn, tokensFor } from './openid-story.ts';

const REFUSED = /^invalid_(client|request)$/;

type Key = Parameters<SignJWT['sign']>[0];
type Parts = { readonly header: JWTHeaderParameters; readonly payload: JWTPayload };

function parts(token: string): Parts {
  const [header, payload] = token.split('.').map((part, index) => (index < 2 ? decoded(part) : undefined));
  return { header: Object(header), payload: Object(payload) };
}

const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const sign = ({ header, payload }: Parts, key: Key) => new SignJWT(payload).setProtectedHeader(header).sign(key);

/** Known attacks on a signed token, named as in the incidents (C17, T17.6). */
async function forgeries({ header, payload }: Parts, jwk: JsonWebKey, secret: string): Promise<Record<string, string>> {
  const own = await generateKeyPair('ES256', { extractable: true });
  const ownJwk = { ...(await exportJWK(own.publicKey)), kid: 'attacker' };
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const hmac = (key: string | Buffer) => sign({ header: { ...header, alg: 'HS256' }, payload }, Buffer.from(key));
  return {
    'alg: none': `${encoded({ ...header, alg: 'none' })}.${encoded(payload)}.`,
    'alg: nOnE': `${encoded({ ...header, alg: 'nOnE' })}.${encoded(payload)}.`,
    'no signature': `${encoded(header)}.${encoded(payload)}.`,
    'HS256 with the published key': await hmac(JSON.stringify(jwk)),
    'HS256 with the published key as PEM': await hmac(pem),
    'HS256 with the secret of the client': await hmac(secret),
    'a key of their own under our kid': await sign({ header, payload }, own.privateKey),
    'a kid of nobody': await sign({ header: { ...header, kid: 'attacker' }, payload }, own.privateKey),
    'a kid that is a path': await sign({ header: { ...header, kid: '../../dev/null' }, payload }, own.privateKey),
    'a key in the header': await sign({ header: { ...header, kid: 'attacker', jwk: ownJwk }, payload }, own.privateKey),
    'an address of keys in the header': await sign(
      { header: { ...header, kid: 'attacker', jku: 'https://evil.example/keys' }, payload },
      own.privateKey,
    ),
  };
}

async function openForged(t: TestContext) {
  const story = await openStory(t);
  const browser = await signedIn(story.world);
  const tokens = await tokensFor(story.config, browser, { scope: 'openid offline_access' });
  return { ...story, browser, tokens, idToken: String(tokens.id_token) };
}

function send(world: World, path: string, fields: Record<string, string>, authorization?: string) {
  const request = new Request(ORIGIN + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { ...(authorization !== undefined && { authorization }) },
  });
  return world.app.fetch(request, { remoteAddress: '192.0.2.77' });
}

test('C17 T17.6 an ID token is no access token, no refresh token and no code', async (t) => {
  const { world, portal, idToken } = await openForged(t);
  const basic = `Basic ${Buffer.from(`${portal.client.id}:${portal.secret}`).toString('base64')}`;
  assert.equal((await send(world, '/oidc/userinfo', {}, `Bearer ${idToken}`)).status, 401);
  const seen = await send(world, '/oidc/introspect', { token: idToken }, basic);
  assert.equal(Object(await seen.json()).error, 'unsupported_token_type');
  const refresh = { grant_type: 'refresh_token', refresh_token: idToken };
  assert.equal(Object(await (await send(world, '/oidc/token', refresh, basic)).json()).error, 'invalid_grant');
});

test('C17 T17.6 a refresh token opens no userinfo, and an access token is not exchanged', async (t) => {
  const { world, portal, tokens } = await openForged(t);
  const basic = `Basic ${Buffer.from(`${portal.client.id}:${portal.secret}`).toString('base64')}`;
  assert.equal((await send(world, '/oidc/userinfo', {}, `Bearer ${tokens.refresh_token}`)).status, 401);
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.access_token };
  assert.equal(Object(await (await send(world, '/oidc/token', refresh, basic)).json()).error, 'invalid_grant');
});

test('C17 T17.6 T17.7 an ID token that we did not sign is no hint, in whatever way it was forged', async (t) => {
  const { world, config, portal, browser, idToken } = await openForged(t);
  const whole = parts(idToken);
  const jwk = (await publicJwks(world.env)).keys.find(({ kid }) => kid === whole.header.kid);
  assert.ok(jwk);
  for (const [how, id_token_hint] of Object.entries(await forgeries(whole, jwk, String(portal.secret)))) {
    assert.equal(errorIn(await open(config, browser, { id_token_hint, prompt: 'none' })), 'invalid_request', how);
    const asked = await follow(browser, `/oidc/sign-out?${new URLSearchParams({ id_token_hint })}`);
    assert.match(asked.text, /<title>Sign out\? –/, how);
  }
  await tokensFor(config, browser, { id_token_hint: idToken, prompt: 'none' });
});

test('C17 T17.6 a token that we signed for another client, another issuer or another purpose is no hint', async (t) => {
  const { world, config, browser, ana, idToken } = await openForged(t);
  const other = await discover(world, await addPortal(world));
  const theirs = String((await tokensFor(other, browser)).id_token);
  assert.equal(errorIn(await open(config, browser, { id_token_hint: theirs, prompt: 'none' })), 'invalid_request');
  const { payload } = parts(idToken);
  const evil = await signJwt(world.env, { ...payload, iss: 'https://evil.example' });
  // The same keys sign the identity token for a forward-auth host.
  const ofHost = await signJwt(world.env, { ...payload, aud: 'app.example.com', sub: ana.id });
  for (const id_token_hint of [evil, ofHost]) {
    assert.equal(errorIn(await open(config, browser, { id_token_hint, prompt: 'none' })), 'invalid_request');
    const asked = await follow(browser, `/oidc/sign-out?${new URLSearchParams({ id_token_hint })}`);
    assert.match(asked.text, /<title>Sign out\? –/);
  }
});

test('C17 T17.6 a client that has a key is not believed by a proof that was forged', async (t) => {
  const { world } = await openForged(t);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' };
  const { client } = await addPortal(world, { jwks: JSON.stringify({ keys: [jwk] }) });
  const other = await addPortal(world, { jwks: JSON.stringify({ keys: [jwk] }) });
  const now = world.clock.at;
  const right: Parts = {
    header: { alg: 'ES256', kid: 'k1' },
    payload: { iss: client.id, sub: client.id, aud: ORIGIN, jti: 'one', iat: now, exp: now + 60 },
  };
  const prove = async (client_assertion: string) => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const fields = { client_id: client.id, client_assertion_type, client_assertion, token: 'x' };
    const answer = await send(world, '/oidc/introspect', fields);
    return answer.status === 200 ? 'believed' : Object(await answer.json()).error;
  };
  for (const [how, forged] of Object.entries(await forgeries(right, jwk, client.id))) {
    assert.match(await prove(forged), REFUSED, how);
  }
  const changes: Record<string, JWTPayload> = {
    'for another audience': { aud: 'https://evil.example' },
    'of another client': { iss: other.client.id, sub: other.client.id },
    'about another client': { sub: other.client.id },
    'too old': { iat: now - 7200, exp: now - 3600 },
    'not yet good': { nbf: now + 3600 },
  };
  for (const [how, change] of Object.entries(changes)) {
    const changed = await sign({ ...right, payload: { ...right.payload, jti: how, ...change } }, privateKey);
    assert.match(await prove(changed), REFUSED, how);
  }
  for (const name of ['jti', 'exp', 'aud', 'iss', 'sub'] as const) {
    const { [name]: _, ...payload } = right.payload;
    assert.match(await prove(await sign({ ...right, payload }, privateKey)), REFUSED, `without ${name}`);
  }
  assert.equal(await prove(await sign(right, privateKey)), 'believed');
  assert.equal(
    await prove(await sign(right, privateKey)),
    'invalid_client',
    'its jti was used: CVE-2020-15222 (fosite)',
  );
});
