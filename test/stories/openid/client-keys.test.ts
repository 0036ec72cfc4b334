import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as oidc from 'openid-client';
import { ORIGIN } from '../../world.ts';
import { addPortal, begin, CALLBACK, discover, open, openStory, signedIn } from './openid-story.ts';

type Fields = Readonly<Record<string, string>>;

/** A client with a key, and a signed-in person. */
async function openKeyed(t: TestContext) {
  const { world } = await openStory(t);
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), alg: 'ES256', use: 'sig' };
  const { client, secret } = await addPortal(world, { jwks: JSON.stringify({ keys: [jwk] }) });
  const config = await discover(world, { client, secret });

  /** A new client assertion, as request fields. */
  async function prove(): Promise<Fields> {
    const body = new URLSearchParams({ client_id: client.id });
    const by = oidc.PrivateKeyJwt(keys.privateKey);
    await by(config.serverMetadata(), { client_id: client.id }, body, new Headers());
    return Object.fromEntries(body);
  }

  async function send(path: string, fields: Fields) {
    const request = new Request(ORIGIN + path, { method: 'POST', body: new URLSearchParams(fields) });
    const answer = await world.app.fetch(request, { remoteAddress: '192.0.2.77' });
    const text = await answer.text();
    return { status: answer.status, error: text === '' ? undefined : JSON.parse(text).error };
  }

  return { world, config, prove, send };
}

test('C17 CVE-2020-15222 (fosite): a proof by a key counts once, at any endpoint, and whatever came of it', async (t) => {
  const { world, config, prove, send } = await openKeyed(t);
  const { attempt, left } = await open(config, await signedIn(world));
  const code = String(left?.searchParams.get('code'));
  const redemption = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
  const right = { ...redemption, code_verifier: attempt.checks.pkceCodeVerifier };
  const wrong = { ...redemption, code_verifier: oidc.randomPKCECodeVerifier() };
  for (const [path, fields, status] of [
    ['/oidc/introspect', { token: 'unknown' }, 200],
    ['/oidc/revoke', { token: 'unknown' }, 200],
    ['/oidc/par', Object.fromEntries((await begin(config)).url.searchParams), 201],
    ['/oidc/token', wrong, 400],
  ] as const) {
    const proof = await prove();
    assert.equal((await send(path, { ...fields, ...proof })).status, status, path);
    assert.equal((await send('/oidc/token', { ...right, ...proof })).error, 'invalid_client', `used at ${path}`);
  }
  const last = { ...right, ...(await prove()) };
  assert.equal((await send('/oidc/token', last)).status, 200);
  assert.equal((await send('/oidc/token', last)).error, 'invalid_client');
});

test('C17 a proof by a key that is sent many times at once is believed once', async (t) => {
  const { prove, send } = await openKeyed(t);
  const fields = { token: 'unknown', ...(await prove()) };
  const answers = await Promise.all(Array.from({ length: 12 }, () => send('/oidc/introspect', fields)));
  const refused = Array.from({ length: 11 }, () => 401);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...refused]);
});

test('a client with a key is given the same successor of a refresh token as any other', async (t) => {
  const { world, config, prove, send } = await openKeyed(t);
  const { attempt, left } = await open(config, await signedIn(world), { scope: 'openid offline_access' });
  const code = String(left?.searchParams.get('code'));
  const redemption = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
  const fields = { ...redemption, code_verifier: attempt.checks.pkceCodeVerifier, ...(await prove()) };
  const body = new URLSearchParams(fields);
  const answer = await world.app.fetch(new Request(`${ORIGIN}/oidc/token`, { method: 'POST', body }), {
    remoteAddress: '192.0.2.77',
  });
  const { refresh_token } = Object(await answer.json());
  const refresh = { grant_type: 'refresh_token', refresh_token };
  const proofs = await Promise.all(Array.from({ length: 6 }, prove));
  const answers = await Promise.all(proofs.map((proof) => send('/oidc/token', { ...refresh, ...proof })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200],
  );
});
