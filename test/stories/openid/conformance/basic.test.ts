import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { errorOf, openPlan } from './plan.ts';

describe('oidcc-basic-certification-test-plan', () => {
  test('oidcc-server', async (t) => {
    const { run, ana } = await openPlan(t);
    const { tokens, claims } = await run();
    assert.equal(claims?.sub, ana.id);
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.expires_in, 300);
  });

  test('oidcc-response-type-missing', async (t) => {
    const { ask } = await openPlan(t);
    assert.equal(errorOf(await ask({ response_type: '' })), 'invalid_request');
  });

  test('oidcc-idtoken-signature', async (t) => {
    const { run, send, server } = await openPlan(t);
    const { tokens } = await run();
    const [head = ''] = String(tokens.id_token).split('.');
    const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url').toString());
    assert.equal(alg, 'ES256');
    const keys = await (await send(String(server.jwks_uri), {})).json();
    const key = Object(keys).keys.find((one: { kid: string }) => one.kid === kid);
    assert.ok(key);
    for (const secret of ['d', 'p', 'q']) assert.equal(secret in key, false);
  });

  test('oidcc-idtoken-unsigned', async (t) => {
    const { server } = await openPlan(t);
    assert.equal(server.id_token_signing_alg_values_supported?.includes('none'), false, 'not offered');
  });

  test('oidcc-userinfo-get', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    assert.deepEqual(await userinfo((await run()).tokens.access_token), { sub: ana.id });
  });

  test('oidcc-userinfo-post-header', async (t) => {
    const { run, send, server, ana } = await openPlan(t);
    const headers = { authorization: `Bearer ${(await run()).tokens.access_token}` };
    const answer = await send(String(server.userinfo_endpoint), { method: 'POST', headers });
    assert.deepEqual([answer.status, await answer.json()], [200, { sub: ana.id }]);
  });

  test('oidcc-userinfo-post-body', async (t) => {
    const { run, send, server, ana } = await openPlan(t);
    const body = new URLSearchParams({ access_token: (await run()).tokens.access_token });
    const answer = await send(String(server.userinfo_endpoint), { method: 'POST', body });
    assert.deepEqual([answer.status, await answer.json()], [200, { sub: ana.id }]);
  });

  test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async (t) => {
    const { run } = await openPlan(t);
    assert.equal((await run({ nonce: '' })).claims?.nonce, undefined);
  });

  test('oidcc-scope-profile', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    const { tokens } = await run({ scope: 'openid profile' });
    assert.deepEqual(await userinfo(tokens.access_token), { sub: ana.id, name: 'Ana Silva', locale: 'en' });
  });

  test('oidcc-scope-email', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    const { tokens } = await run({ scope: 'openid email' });
    const expected = { sub: ana.id, email: ana.email, email_verified: false };
    assert.deepEqual(await userinfo(tokens.access_token), expected);
  });

  test('oidcc-scope-address', async (t) => {
    const { run, userinfo, server, ana } = await openPlan(t);
    assert.equal(server.scopes_supported?.includes('address'), false, 'not offered');
    assert.deepEqual(await userinfo((await run({ scope: 'openid address' })).tokens.access_token), { sub: ana.id });
  });

  test('oidcc-scope-phone', async (t) => {
    const { run, userinfo, server, ana } = await openPlan(t);
    assert.equal(server.scopes_supported?.includes('phone'), false, 'not offered');
    assert.deepEqual(await userinfo((await run({ scope: 'openid phone' })).tokens.access_token), { sub: ana.id });
  });

  test('oidcc-scope-all', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    const { tokens } = await run({ scope: 'openid profile email address phone' });
    const { name, email, ...rest } = await userinfo(tokens.access_token);
    assert.deepEqual([name, email], ['Ana Silva', ana.email]);
    assert.deepEqual(
      ['address', 'phone_number'].filter((claim) => claim in rest),
      [],
    );
  });

  test('oidcc-ensure-other-scope-order-succeeds', async (t) => {
    const { run, userinfo, ana } = await openPlan(t);
    const { tokens } = await run({ scope: 'email openid' });
    assert.equal((await userinfo(tokens.access_token)).email, ana.email);
  });

  test('oidcc-codereuse', async (t) => {
    const { ask, redeem, exchange } = await openPlan(t);
    const asked = await ask();
    await redeem(asked);
    const again = await exchange(asked, asked.place.left);
    assert.deepEqual([again.status, Object(await again.json()).error], [400, 'invalid_grant']);
  });

  test('oidcc-codereuse-30seconds', async (t) => {
    const { world, ask, redeem, exchange, userinfo } = await openPlan(t);
    const asked = await ask();
    const { tokens } = await redeem(asked);
    world.clock.at += 30;
    await userinfo(tokens.access_token);
    assert.equal((await exchange(asked, asked.place.left)).status, 400);
    await assert.rejects(userinfo(tokens.access_token), 'what the first redemption gave is revoked');
  });

  test('oidcc-server-client-secret-post', async (t) => {
    const { run, portal } = await openPlan(t);
    await run({}, oauth.ClientSecretPost(String(portal.secret)));
  });

  test('oidcc-claims-essential', async (t) => {
    const { run, userinfo } = await openPlan(t);
    const { tokens } = await run({ claims: '{"userinfo":{"name":{"essential":true}}}' });
    assert.equal((await userinfo(tokens.access_token)).name, 'Ana Silva');
  });

  test('oidcc-refresh-token', async (t) => {
    const { run, refresh } = await openPlan(t);
    const token = String((await run({ scope: 'openid offline_access' })).tokens.refresh_token);
    assert.notEqual((await refresh(token)).refresh_token, token);
  });
});
