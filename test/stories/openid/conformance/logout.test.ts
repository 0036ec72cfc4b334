import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { deliverLogouts } from '#webhooks/logouts.ts';
import { openReceiver } from '../../../webhooks/receiver.ts';
import { ORIGIN } from '../../../world.ts';
import { follow, pathOf, submit } from '../openid-story.ts';
import { errorOf, type Fields, openPlan } from './plan.ts';

const BYE = 'https://portal.example/bye';
const STATE = 'a&b=c';

/** A signed-in person, and the request that a client sends to end the session. */
async function openSignedIn(t: TestContext, client: NonNullable<Parameters<typeof openPlan>[1]>['client'] = {}) {
  const plan = await openPlan(t, { client });
  const first = await plan.run();
  const whole: Fields = {
    id_token_hint: String(first.tokens.id_token),
    post_logout_redirect_uri: BYE,
    state: STATE,
  };

  /** Requests the end of the session with some parameters changed. Empty ones are not sent. */
  async function leave(changes: Fields = {}) {
    const url = new URL(String(plan.server.end_session_endpoint));
    const sent = Object.entries({ ...whole, ...changes }).filter(([, value]) => value !== '');
    url.search = new URLSearchParams(sent).toString();
    return follow(plan.browser, pathOf(url));
  }

  /** The check that the plans use. */
  const isSignedIn = async () => (await plan.ask({ prompt: 'none' })).place.left?.searchParams.has('code') === true;

  /** A confirmation on one of our pages. Answers the target of its button. */
  async function confirm(page: Awaited<ReturnType<typeof leave>>) {
    assert.match(page.text, /<title>Sign out\? –/);
    assert.equal(await isSignedIn(), true, 'not before the button');
    await plan.browser.get(page.path);
    return submit(plan.browser, '/oidc/sign-out/confirm', fieldsOf(page.text));
  }

  async function assertRefused(changes: Fields): Promise<void> {
    const { status, left } = await leave(changes);
    assert.deepEqual([status, left], [400, undefined]);
    assert.equal(await isSignedIn(), true);
  }

  return { ...plan, first, whole, leave, confirm, isSignedIn, assertRefused };
}

describe('oidcc-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-rp-initiated-logout-discovery-endpoint-verification', async (t) => {
    const { server } = await openPlan(t);
    assert.equal(server.end_session_endpoint, `${ORIGIN}/oidc/sign-out`);
  });

  test('oidcc-rp-initiated-logout', async (t) => {
    const { leave, ask } = await openSignedIn(t);
    const { left } = await leave();
    assert.equal(left?.searchParams.get('state'), STATE);
    assert.deepEqual([left?.origin, left?.pathname, left?.searchParams.size], ['https://portal.example', '/bye', 1]);
    assert.equal(errorOf(await ask({ prompt: 'none' })), 'login_required');
  });

  test('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', async (t) => {
    const { assertRefused } = await openSignedIn(t);
    await assertRefused({ post_logout_redirect_uri: 'https://portal.example/other' });
  });

  test('oidcc-rp-initiated-logout-modified-id-token-hint', async (t) => {
    const { whole, assertRefused } = await openSignedIn(t);
    const [, body = ''] = String(whole.id_token_hint).split('.');
    const head = Buffer.from('{"alg":"none"}').toString('base64url');
    await assertRefused({ id_token_hint: `${head}.${body}.` });
  });

  test('oidcc-rp-initiated-logout-no-id-token-hint', async (t) => {
    const { assertRefused, leave, confirm, isSignedIn, portal } = await openSignedIn(t);
    await assertRefused({ id_token_hint: '' });
    const named = await confirm(await leave({ id_token_hint: '', client_id: portal.client.id }));
    assert.equal(named.left?.searchParams.get('state'), STATE);
    assert.equal(await isSignedIn(), false);
  });

  test('oidcc-rp-initiated-logout-no-params', async (t) => {
    const { leave, confirm, isSignedIn } = await openSignedIn(t);
    const gone = await confirm(await leave({ id_token_hint: '', post_logout_redirect_uri: '', state: '' }));
    assert.match(gone.text, /<title>You are signed out –/);
    assert.equal(await isSignedIn(), false);
  });

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async (t) => {
    const { leave, isSignedIn } = await openSignedIn(t);
    const gone = await leave({ post_logout_redirect_uri: '' });
    assert.equal(gone.left, undefined);
    assert.match(gone.text, /<title>You are signed out –/);
    assert.equal(await isSignedIn(), false);
  });

  test('oidcc-rp-initiated-logout-no-state', async (t) => {
    const { leave, isSignedIn } = await openSignedIn(t);
    assert.equal((await leave({ state: '' })).left?.href, BYE);
    assert.equal(await isSignedIn(), false);
  });

  test('oidcc-rp-initiated-logout-only-state', async (t) => {
    const { leave, confirm, isSignedIn } = await openSignedIn(t);
    const gone = await confirm(await leave({ id_token_hint: '', post_logout_redirect_uri: '' }));
    assert.deepEqual([gone.left, await isSignedIn()], [undefined, false]);
    assert.match(gone.text, /<title>You are signed out –/);
  });

  test('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', async (t) => {
    const { assertRefused } = await openSignedIn(t);
    await assertRefused({ post_logout_redirect_uri: `${BYE}?foo=bar` });
  });

  test('oidcc-rp-initiated-logout-bad-id-token-hint', async (t) => {
    const { whole, assertRefused } = await openSignedIn(t);
    const [head, body] = String(whole.id_token_hint).split('.');
    await assertRefused({ id_token_hint: `${head}.${body}.${Buffer.alloc(64, 7).toString('base64url')}` });
  });
});

describe('oidcc-backchannel-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-backchannel-logout-discovery-endpoint-verification', async (t) => {
    const { server } = await openPlan(t);
    assert.equal(server.backchannel_logout_supported, true);
    assert.equal(server.backchannel_logout_session_supported, true);
  });

  test('oidcc-backchannel-rp-initiated-logout', async (t) => {
    const { received, url } = await openReceiver(t);
    const client = { backchannelLogoutUri: url, isBackchannelInternal: true };
    const { world, server, portal, first, leave, send, ask } = await openSignedIn(t, client);
    assert.equal((await leave()).left?.searchParams.get('state'), STATE);
    await deliverLogouts(world.env);
    assert.equal(received.length, 1);
    assert.match(String(received[0]?.headers['content-type']), /^application\/x-www-form-urlencoded/);
    const form = new URLSearchParams(received[0]?.body);
    assert.deepEqual([...form.keys()], ['logout_token']);
    const keys = createLocalJWKSet(
      (await (await send(String(server.jwks_uri), {})).json()) as Parameters<typeof createLocalJWKSet>[0],
    );
    const { payload } = await jwtVerify(String(form.get('logout_token')), keys, {
      ...{ issuer: server.issuer, audience: portal.client.id, typ: 'logout+jwt' },
      ...{ requiredClaims: ['iat', 'exp', 'jti', 'events'], algorithms: ['ES256'], maxTokenAge: 120 },
    });
    assert.deepEqual([payload.sub, payload.sid], [first.claims?.sub, first.claims?.sid]);
    assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.equal('nonce' in payload, false);
    assert.equal(errorOf(await ask({ prompt: 'none' })), 'login_required');
  });
});

function fieldsOf(text: string): Fields {
  const main = text.slice(text.indexOf('<main'));
  const fields = [...main.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')] as const));
}
