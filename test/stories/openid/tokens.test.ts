import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { ORIGIN, type World } from '../../world.ts';
import { addPortal, CALLBACK, discover, open, openStory, type Portal, signedIn, tokensFor } from './openid-story.ts';

type Fields = Readonly<Record<string, string>>;

/** A raw request of a client, with its secret as Basic unless the fields say otherwise. */
async function send(world: World, path: string, fields: Fields, headers: Fields = {}) {
  const request = new Request(`${ORIGIN}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers });
  const response = await world.app.fetch(request, { remoteAddress: '192.0.2.77' });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

function basic({ client, secret }: Portal): Fields {
  return { authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}` };
}

/** A code with everything needed to redeem it. */
async function codeFor(config: oidc.Configuration, browser: Parameters<typeof open>[1], params: Fields = {}) {
  const { attempt, left } = await open(config, browser, params);
  const code = left?.searchParams.get('code');
  assert.ok(code);
  return {
    ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
    code_verifier: attempt.checks.pkceCodeVerifier,
  };
}

const OFFLINE = { scope: 'openid email offline_access' };

test('C17 CVE-2026-44476 (doorkeeper): a client proves itself by its secret in either way, or by a key, and never by an empty one', async (t) => {
  const { world, portal, config } = await openStory(t);
  const browser = await signedIn(world);
  await tokensFor(await discover(world, portal, oidc.ClientSecretPost(portal.secret)), browser);
  await tokensFor(config, browser);
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const keyed = await addPortal(world, { jwks: JSON.stringify({ keys: [jwk] }) });
  assert.equal(keyed.secret, undefined);
  const proof = oidc.PrivateKeyJwt({ key: keys.privateKey, kid: 'k1' });
  await tokensFor(await discover(world, keyed, proof), browser);
  // A client with a key has no secret, not even an empty one.
  const fields = await codeFor(await discover(world, keyed), browser);
  for (const secret of ['', 'undefined', `unknown ${keyed.client.id}`]) {
    const sent = await send(world, '/oidc/token', { ...fields, client_id: keyed.client.id, client_secret: secret });
    assert.equal(sent.body.error, 'invalid_client', secret);
  }
  assert.equal((await send(world, '/oidc/token', { ...fields, client_id: keyed.client.id })).status, 401);
});

test('C17 T17.1 CVE-2026-55672 (Zitadel): a wrong secret, none, another client’s and a disabled client get nothing', async (t) => {
  const { world, portal, config } = await openStory(t);
  const other = await addPortal(world);
  const browser = await signedIn(world);
  const fields = await codeFor(config, browser);
  const { id } = portal.client;
  for (const secret of ['wrong', '', String(other.secret), `unknown ${id}`, `${portal.secret} `, 'null']) {
    const post = await send(world, '/oidc/token', { ...fields, client_id: id, client_secret: secret });
    assert.equal(post.body.error, 'invalid_client', secret);
    const asBasic = await send(world, '/oidc/token', fields, basic({ ...portal, secret }));
    assert.match(asBasic.body.error, /^invalid_(client|request)$/, secret);
  }
  assert.equal((await send(world, '/oidc/token', { ...fields, client_id: id })).body.error, 'invalid_client');
  const broken = { authorization: `Basic ${Buffer.from(`${id}:%zz`).toString('base64')}` };
  assert.ok((await send(world, '/oidc/token', fields, broken)).status < 500);
  const strange = await send(world, '/oidc/token', fields, basic(other));
  assert.equal(strange.body.error, 'invalid_grant', 'another client’s code');
  const tokens = await send(world, '/oidc/token', fields, basic(portal));
  assert.equal(tokens.status, 200, 'nobody else has used it up');
  await world.env.db.transaction((tx) =>
    tx.updateTable('oidc_clients').set({ disabled_at: 1 }).where('id', '=', id).execute(),
  );
  const { access_token } = tokens.body;
  assert.equal((await send(world, '/oidc/introspect', { token: access_token }, basic(portal))).status, 401);
  const seen = await send(world, '/oidc/introspect', { token: access_token }, basic(other));
  assert.deepEqual(seen.body, { active: false });
  await assert.rejects(oidc.fetchUserInfo(config, access_token, oidc.skipSubjectCheck));
});

test('C17 T17.1 CVE-2024-23647, CVE-2023-48228 (authentik), CVE-2024-22403 (Nextcloud): a code is for one verifier and one address, and lives for a minute', async (t) => {
  const { world, portal, config } = await openStory(t);
  const browser = await signedIn(world);
  const fields = await codeFor(config, browser);
  for (const [name, value] of [
    ['code_verifier', oidc.randomPKCECodeVerifier()],
    ['code_verifier', ''],
    ['redirect_uri', `${CALLBACK}/`],
    ['redirect_uri', ''],
    ['code', `${fields.code}x`],
  ] as const) {
    const { body } = await send(world, '/oidc/token', { ...fields, [name]: value }, basic(portal));
    assert.match(body.error, /^invalid_(grant|request)$/, `${name}=${value}`);
  }
  const { code_verifier: _, ...without } = fields;
  assert.equal((await send(world, '/oidc/token', without, basic(portal))).status, 400);
  // The library also reads the machine's clock, and a second can pass in between.
  world.clock.at += 58;
  assert.equal((await send(world, '/oidc/token', fields, basic(portal))).status, 200);
  const late = await codeFor(config, browser);
  world.clock.at += 60;
  assert.equal((await send(world, '/oidc/token', late, basic(portal))).body.error, 'invalid_grant');
});

test('other ways to tokens do not exist', async (t) => {
  const { world, portal } = await openStory(t);
  for (const grant_type of [
    'password',
    'client_credentials',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
  ]) {
    const fields = { grant_type, username: 'ana@acme.example', password: 'lantern otter velvet 9' };
    const { status, body } = await send(world, '/oidc/token', fields, basic(portal));
    assert.equal(status, 400);
    assert.match(body.error, /^(unsupported_grant_type|unauthorized_client)$/);
  }
});

test('C17 T17.1 a code that comes a second time ends what the first time gave', async (t) => {
  const { world, portal, config, ana } = await openStory(t);
  const browser = await signedIn(world);
  const untouched = await tokensFor(config, browser, OFFLINE);
  const fields = await codeFor(config, browser, OFFLINE);
  const first = await send(world, '/oidc/token', fields, basic(portal));
  assert.equal(first.status, 200);
  const second = await send(world, '/oidc/token', fields, basic(portal));
  assert.deepEqual([second.status, second.body.error], [400, 'invalid_grant']);
  for (const token of [first.body.access_token, first.body.refresh_token]) {
    assert.deepEqual((await send(world, '/oidc/introspect', { token }, basic(portal))).body, { active: false });
  }
  await oidc.fetchUserInfo(config, untouched.access_token, ana.id);
  await oidc.refreshTokenGrant(config, String(untouched.refresh_token));
  assert.equal((await world.events()).filter(({ action }) => action === 'grant.reused').length, 1);
});

test('C17 T17.3 T17.5 a refresh token is exchanged once; within ten seconds it leads to the same successor, later it is theft', async (t) => {
  const { world, config, portal } = await openStory(t);
  const browser = await signedIn(world);
  const otherTab = await tokensFor(config, browser, OFFLINE);
  const tokens = await tokensFor(config, browser, OFFLINE);
  const token = String(tokens.refresh_token);
  const first = await oidc.refreshTokenGrant(config, token);
  assert.notEqual(first.refresh_token, token);
  assert.equal(first.claims()?.sid, tokens.claims()?.sid);
  assert.equal(first.claims()?.auth_time, tokens.claims()?.auth_time, 'nobody has proven anything since');
  world.clock.at += 9;
  const again = await oidc.refreshTokenGrant(config, token);
  assert.equal(again.refresh_token, first.refresh_token);
  assert.notEqual(again.access_token, first.access_token);
  assert.equal((await world.events()).filter(({ action }) => action === 'grant.reused').length, 0);
  world.clock.at += 1;
  await assert.rejects(oidc.refreshTokenGrant(config, token), { error: 'invalid_grant' });
  for (const { access_token, refresh_token } of [first, again]) {
    await assert.rejects(oidc.refreshTokenGrant(config, String(refresh_token)), { error: 'invalid_grant' });
    const seen = await send(world, '/oidc/introspect', { token: access_token }, basic(portal));
    assert.deepEqual(seen.body, { active: false });
  }
  assert.equal((await world.events()).filter(({ action }) => action === 'grant.reused').length, 1);
  await oidc.refreshTokenGrant(config, String(otherTab.refresh_token));
});

test('C17 CVE-2026-55672 (Zitadel): a refresh token is of its client, for no more than it was given for', async (t) => {
  const { world, config } = await openStory(t);
  const other = await discover(world, await addPortal(world));
  const browser = await signedIn(world);
  const token = String((await tokensFor(config, browser, OFFLINE)).refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(other, token), { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, token, { scope: 'openid partner' }), { error: 'invalid_scope' });
  const next = await oidc.refreshTokenGrant(config, token, { scope: 'openid' });
  await assert.rejects(oidc.refreshTokenGrant(other, token), { error: 'invalid_grant' }, 'within the grace neither');
  await oidc.refreshTokenGrant(config, String(next.refresh_token));
});

test('offline access outlives the session’s end by itself, idle for thirty days and for a year at most', async (t) => {
  const { world, config } = await openStory(t);
  let token = String((await tokensFor(config, await signedIn(world), OFFLINE)).refresh_token);
  const day = 24 * 60 * 60;
  for (let month = 0; month < 12; month++) {
    world.clock.at += 30 * day - 2;
    token = String((await oidc.refreshTokenGrant(config, token)).refresh_token);
  }
  world.clock.at += 5 * day + 24;
  await assert.rejects(oidc.refreshTokenGrant(config, token), { error: 'invalid_grant' });
  const idle = await tokensFor(config, await signedIn(world), OFFLINE);
  world.clock.at += 30 * day;
  await assert.rejects(oidc.refreshTokenGrant(config, String(idle.refresh_token)), { error: 'invalid_grant' });
});

test('revocation of a token ends it, of a refresh token the whole grant, and of another client’s nothing', async (t) => {
  const { world, config, ana } = await openStory(t);
  const other = await discover(world, await addPortal(world));
  const tokens = await tokensFor(config, await signedIn(world), OFFLINE);
  const refresh = String(tokens.refresh_token);
  await oidc.tokenRevocation(other, tokens.access_token).catch(() => undefined);
  await oidc.tokenRevocation(other, refresh).catch(() => undefined);
  await oidc.fetchUserInfo(config, tokens.access_token, ana.id);
  await oidc.tokenRevocation(config, 'unknown');
  await oidc.tokenRevocation(config, tokens.access_token);
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  const next = await oidc.refreshTokenGrant(config, refresh);
  await oidc.tokenRevocation(config, String(next.refresh_token), { token_type_hint: 'access_token' });
  assert.equal((await oidc.tokenIntrospection(config, next.access_token)).active, false);
  await assert.rejects(oidc.refreshTokenGrant(config, String(next.refresh_token)), { error: 'invalid_grant' });
  assert.equal((await world.events()).filter(({ action }) => action === 'grant.revoked').length, 1);
});

test('introspection tells a client of a token what it is good for', async (t) => {
  const { world, config, ana, portal } = await openStory(t);
  const tokens = await tokensFor(config, await signedIn(world), OFFLINE);
  const seen = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, ana.id);
  assert.equal(seen.client_id, portal.client.id);
  assert.equal(seen.scope, 'openid email offline_access');
  assert.equal((await oidc.tokenIntrospection(config, String(tokens.refresh_token))).active, true);
  assert.deepEqual(await oidc.tokenIntrospection(config, 'unknown'), { active: false });
  world.clock.at += 5 * 60;
  assert.deepEqual(await oidc.tokenIntrospection(config, tokens.access_token), { active: false });
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, ana.id));
});

test('another client learns of a token where it proves itself alone', async (t) => {
  const { world, config, ana } = await openStory(t);
  const { access_token } = await tokensFor(config, await signedIn(world));
  const api = await discover(world, await addPortal(world));
  assert.equal((await oidc.tokenIntrospection(api, access_token)).sub, ana.id);
  const script = await discover(world, await addPortal(world, { type: 'browser' }));
  assert.deepEqual(await oidc.tokenIntrospection(script, access_token), { active: false });
});
