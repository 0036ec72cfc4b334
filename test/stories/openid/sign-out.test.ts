import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { addPortal, discover, follow, openStory, signedIn, submit, tokensFor } from './openid-story.ts';

const BYE = 'https://portal.example/bye';

async function openSignedIn(t: Parameters<typeof openStory>[0]) {
  const story = await openStory(t);
  const browser = await signedIn(story.world);
  const tokens = await tokensFor(story.config, browser, { scope: 'openid offline_access' });
  const hint = String(tokens.id_token);
  const at = (params: Record<string, string>) => `/oidc/sign-out?${new URLSearchParams(params)}`;
  const isSignedIn = async () => (await browser.get('/security')).status === 200;
  return { ...story, browser, tokens, hint, at, isSignedIn };
}

test('a portal that holds an ID token of this session signs out without a question', async (t) => {
  const { world, config, browser, tokens, hint, at, isSignedIn } = await openSignedIn(t);
  const url = oidc.buildEndSessionUrl(config, { id_token_hint: hint, post_logout_redirect_uri: BYE, state: 'a&b' });
  // The token may have any age.
  world.clock.at += 600;
  const { left } = await follow(browser, url.pathname + url.search);
  assert.equal(left?.href, `${BYE}?state=a%26b`);
  assert.equal(await isSignedIn(), false);
  await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' });
  assert.deepEqual(await oidc.tokenIntrospection(config, tokens.access_token), { active: false });
  // Repeated after the sign-out: nobody is signed in any more.
  const again = await follow(browser, at({ id_token_hint: hint, post_logout_redirect_uri: BYE }));
  assert.equal(again.left?.href, BYE);
});

test('C17 T17.7 without a hint the person is asked, and goes back afterwards', async (t) => {
  const { browser, portal, at, isSignedIn } = await openSignedIn(t);
  const asked = await follow(browser, at({ client_id: portal.client.id, post_logout_redirect_uri: BYE, state: 's' }));
  assert.equal(asked.status, 200);
  assert.match(asked.text, /<title>Sign out\? –/);
  assert.equal(await isSignedIn(), true);
  await browser.get(asked.path);
  const gone = await submit(browser, '/oidc/sign-out/confirm', fieldsOf(asked.text));
  assert.equal(gone.left?.href, `${BYE}?state=s`);
  assert.equal(await isSignedIn(), false);
});

test('with neither a hint nor a client the person is asked, and stays with us', async (t) => {
  const { browser, at } = await openSignedIn(t);
  const asked = await follow(browser, at({}));
  assert.match(asked.text, /<title>Sign out\? –/);
  const gone = await submit(browser, '/oidc/sign-out/confirm');
  assert.equal(gone.left, undefined);
  assert.match(gone.text, /<title>You are signed out –/);
});

test('the ID token of another person, and of another session, does not sign anybody out unasked', async (t) => {
  const { world, config, partner, browser, at, isSignedIn } = await openSignedIn(t);
  const ben = await world.addUser({ email: 'ben@acme.example', partnerId: partner.id });
  for (const person of [ben, {}]) {
    const hint = String((await tokensFor(config, await signedIn(world, person))).id_token);
    const asked = await follow(browser, at({ id_token_hint: hint, post_logout_redirect_uri: BYE }));
    assert.match(asked.text, /<title>Sign out\? –/);
    assert.equal(await isSignedIn(), true);
  }
});

test('C17 T17.7 an address that is not the client’s, and a token that is not ours, lead nowhere', async (t) => {
  const { world, portal, browser, hint, at, isSignedIn } = await openSignedIn(t);
  const other = await addPortal(world, { postLogoutRedirectUris: ['https://other.example/bye'] });
  const [head, body] = hint.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const params of [
    { id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example/' },
    { id_token_hint: hint, post_logout_redirect_uri: `${BYE}/` },
    { id_token_hint: hint, post_logout_redirect_uri: 'https://other.example/bye' },
    { id_token_hint: hint, client_id: other.client.id },
    { id_token_hint: hint, client_id: other.client.id, post_logout_redirect_uri: 'https://other.example/bye' },
    { client_id: portal.client.id, post_logout_redirect_uri: 'javascript:alert(1)' },
    { post_logout_redirect_uri: BYE },
    { client_id: 'unknown', post_logout_redirect_uri: BYE },
    { id_token_hint: `${head}.${body}.AAAA`, post_logout_redirect_uri: BYE },
    { id_token_hint: `${none}.${body}.`, post_logout_redirect_uri: BYE },
  ] as Record<string, string>[]) {
    const answer = await browser.get(at(params));
    assert.equal(answer.status, 400, JSON.stringify(params));
    assert.equal(answer.location, undefined);
    assert.doesNotMatch(answer.text, /evil|javascript:/);
    const sent = await browser.post('/oidc/sign-out/confirm', params);
    assert.equal(sent.status, 400, JSON.stringify(params));
  }
  assert.equal(await isSignedIn(), true);
});

test('a form of the portal signs out as a link does, whatever the form brings', async (t) => {
  const { browser, hint } = await openSignedIn(t);
  const send = (body: string) =>
    browser.send('/oidc/sign-out', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://portal.example' },
    });
  const odd = await send('state=1\r\nset-cookie: a=b');
  assert.equal(odd.status, 303);
  const { location } = await send(`${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: BYE })}`);
  assert.equal((await follow(browser, String(location))).left?.href, BYE);
});

test('another site cannot press the button', async (t) => {
  const { browser, isSignedIn } = await openSignedIn(t);
  const answer = await browser.send('/oidc/sign-out/confirm', {
    method: 'POST',
    body: new URLSearchParams(),
    headers: { origin: 'https://evil.example' },
  });
  assert.equal(answer.status, 403);
  assert.equal(await isSignedIn(), true);
});

test('one sign-out ends what every portal was given in this browser', async (t) => {
  const { world, config, browser, tokens, hint } = await openSignedIn(t);
  const other = await discover(world, await addPortal(world, { redirectUris: ['https://other.example/in'] }));
  const params = { scope: 'openid offline_access', redirect_uri: 'https://other.example/in' };
  const theirs = await tokensFor(other, browser, params);
  await follow(browser, `/oidc/sign-out?${new URLSearchParams({ id_token_hint: hint })}`);
  for (const [one, { refresh_token }] of [
    [config, tokens],
    [other, theirs],
  ] as const) {
    await assert.rejects(oidc.refreshTokenGrant(one, String(refresh_token)), { error: 'invalid_grant' });
  }
});

function fieldsOf(text: string): Record<string, string> {
  const main = text.slice(text.indexOf('<main'));
  const fields = [...main.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value] as const));
}
