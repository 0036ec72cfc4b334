import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANA } from '../../story.ts';
import { ORIGIN, PASSWORD } from '../../world.ts';
import {
  addPortal,
  begin,
  CALLBACK,
  discover,
  errorIn,
  follow,
  open,
  openStory,
  pathOf,
  redeem,
  signedIn,
  submit,
  tokensFor,
} from './openid-story.ts';

/** The authorization request with one thing changed. */
function altered(url: URL, change: (params: URLSearchParams) => void): string {
  const copy = new URL(url);
  change(copy.searchParams);
  return pathOf(copy);
}

test('C17 T17.2 an address that is not the client’s character by character is a page of ours, and no redirect', async (t) => {
  const { world, config } = await openStory(t);
  const { url } = await begin(config);
  const browser = await signedIn(world);
  for (const wrong of [
    ...[`${CALLBACK}/`, `${CALLBACK}?`, `${CALLBACK}?a=1`, `${CALLBACK}#`, CALLBACK.toUpperCase(), `${CALLBACK} `],
    ...['https://PORTAL.example/callback', 'https://portal.example:443/callback', 'http://portal.example/callback'],
    ...[
      'https://portal.example/%63allback',
      'https://portal.example/x/../callback',
      'https://portal.example//callback',
    ],
    ...['https://portal.example@evil.example/callback', 'https://portal.example.evil.example/callback', '/callback'],
    ...['javascript:alert(1)', 'https://evil.example/', '', `${CALLBACK}\u0000`, 'https://portal.example\\callback'],
  ]) {
    const path = altered(url, (params) => params.set('redirect_uri', wrong));
    const answer = await browser.get(path);
    assert.equal(answer.status, 400, wrong);
    assert.equal(answer.location, undefined, wrong);
    assert.match(answer.text, /<title>This sign-in can’t start –/);
    assert.doesNotMatch(answer.text, /evil|javascript/, 'nothing of the address is repeated');
  }
  for (const drop of ['redirect_uri', 'client_id']) {
    assert.equal((await browser.get(altered(url, (params) => params.delete(drop)))).status, 400, drop);
  }
});

test('an unknown client and a disabled one are a page of ours', async (t) => {
  const { world, config, portal } = await openStory(t);
  const { url } = await begin(config);
  const browser = await signedIn(world);
  for (const id of ['', 'x', world.env.newId(), `${portal.client.id} `, 'a'.repeat(5000), '\u0000']) {
    const answer = await browser.get(altered(url, (params) => params.set('client_id', id)));
    assert.equal(answer.status, 400, id);
    assert.equal(answer.location, undefined);
  }
  await world.env.db.transaction((tx) => tx.updateTable('oidc_clients').set({ disabled_at: 1 }).execute());
  assert.equal((await browser.get(pathOf(url))).status, 400);
});

test('C17 T17.1 T17.3 PKCE downgrade, `prompt=none login`: what a request gets wrong is told to its client, and no code is made', async (t) => {
  const { world, config } = await openStory(t);
  const { url } = await begin(config);
  const browser = await signedIn(world);
  for (const [changes, error] of [
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_type: 'none' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ request: 'e30.e30.' }, 'request_not_supported'],
    [{ request_uri: 'https://portal.example/request' }, 'request_uri_not_supported'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ prompt: 'create' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ claims: 'no json' }, 'invalid_request'],
    [{ claims: '{"id_token":3}' }, 'invalid_request'],
    [{ id_token_hint: 'x.y.z' }, 'invalid_request'],
    [{ scope: 'email' }, undefined],
    [{ response_mode: 'web_message' }, undefined],
  ] as const) {
    const path = altered(url, (params) => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) params.delete(name);
        else params.set(name, String(value));
      }
    });
    const answer = await follow(browser, path);
    const told = answer.left ?? new URL(`${ORIGIN}/?error=${answer.status}`);
    const where = JSON.stringify(changes);
    const said = new URLSearchParams(told.search || told.hash.slice(1));
    assert.equal(said.has('code'), false, where);
    if (answer.left !== undefined) assert.equal(answer.left.origin + answer.left.pathname, CALLBACK);
    else assert.equal(answer.status, 400, where);
    if (error !== undefined && answer.left !== undefined) assert.equal(said.get('error'), error, where);
  }
  assert.equal((await world.events()).filter(({ action }) => action === 'grant.created').length, 0);
});

test('a parameter that came twice is no choice between the two', async (t) => {
  const { world, config } = await openStory(t);
  const { url } = await begin(config);
  const browser = await signedIn(world);
  for (const name of ['redirect_uri', 'client_id', 'prompt', 'max_age', 'acr_values', 'state', 'scope']) {
    const path = altered(url, (params) => {
      params.append(name, params.get(name) ?? '1');
      params.append(name, '2');
    });
    const { status, left } = await follow(browser, path);
    assert.ok(status === 400 || left?.searchParams.get('error') === 'invalid_request', name);
  }
});

test('the authorization endpoint takes a form of the portal, whatever the form brings', async (t) => {
  const { world, config, ana } = await openStory(t);
  const { url, checks } = await begin(config);
  const browser = await signedIn(world);
  const send = (body: string | Uint8Array, type = 'application/x-www-form-urlencoded') =>
    browser.send('/oidc/authorize', {
      method: 'POST',
      body: body as string,
      headers: { 'content-type': type, origin: 'https://portal.example', 'sec-fetch-site': 'cross-site' },
    });
  const { location } = await send(url.searchParams.toString());
  const { left } = await follow(browser, String(location));
  assert.equal((await redeem(config, { url, checks }, left)).claims()?.sub, ana.id);
  for (const [body, type] of [
    ['a=1\r\nset-cookie: a=b', undefined],
    [new Uint8Array([0xff, 0xfe, 0]), undefined],
    ['{}', 'application/json'],
    ['', undefined],
  ] as const) {
    const answer = await send(body, type);
    const shown = answer.location === undefined ? answer : await browser.get(answer.location);
    assert.ok(shown.status >= 400 && shown.status < 500, `${shown.status} for ${body}`);
  }
});

test('two tabs and two portals in one browser each get their own answer', async (t) => {
  const { world, config, ana } = await openStory(t);
  const other = await discover(world, await addPortal(world, { redirectUris: ['https://other.example/in'] }));
  const browser = world.person();
  const first = await open(config, browser);
  const second = await open(other, browser, { redirect_uri: 'https://other.example/in' });
  const third = await open(config, browser, { acr_values: 'phr urn:sallyport:acr:pwd' });
  // The tab that was opened first signs in last.
  await browser.get(third.path);
  const done = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
  assert.equal((await redeem(config, third.attempt, done.left)).claims()?.sub, ana.id);
  const resumeOf = (path: string) => new URL(path, ORIGIN).searchParams.get('resume') ?? '';
  const left = (await follow(browser, resumeOf(second.path))).left;
  assert.equal(left?.host, 'other.example');
  assert.equal((await redeem(other, second.attempt, left)).claims()?.aud, other.clientMetadata().client_id);
  await redeem(config, first.attempt, (await follow(browser, resumeOf(first.path))).left);
});

test('a request of another browser, an answered one and an old one are a page of ours', async (t) => {
  const { world, config } = await openStory(t);
  const browser = world.person();
  const asked = await open(config, browser);
  const resume = new URL(asked.path, ORIGIN).searchParams.get('resume') ?? '';
  const stranger = await signedIn(world);
  for (const path of [resume, `${resume}/cancel`]) {
    const answer = await stranger.get(path);
    assert.equal(answer.status, 404);
    assert.match(answer.text, /<title>This sign-in has ended –/);
  }
  await redeem(config, asked.attempt, (await submit(browser, '/sign-in', { email: ANA, password: PASSWORD })).left);
  assert.equal((await browser.get(resume)).status, 404, 'it was answered');
  const late = await open(config, browser, { prompt: 'login' });
  world.clock.at += 30 * 60;
  assert.equal((await browser.get(new URL(late.path, ORIGIN).searchParams.get('resume') ?? '')).status, 404);
});

test('a session that comes with a request of ours in another site’s frame is none', async (t) => {
  const { world, config } = await openStory(t);
  await signedIn(world);
  // `SameSite=Lax`: the frame sends no cookie.
  assert.equal(errorIn(await open(config, world.person(), { prompt: 'none' })), 'login_required');
});

test('C16 T16.2 CVE-2024-21510 (Sinatra): nothing that a browser is told depends on the host that was asked', async (t) => {
  const { world, config } = await openStory(t);
  await tokensFor(config, await signedIn(world));
  for (const headers of [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    { forwarded: 'host=evil.example' },
  ]) {
    const request = new Request(`${ORIGIN}/.well-known/openid-configuration`, { headers });
    const text = await (await world.app.fetch(request, { remoteAddress: '192.0.2.1' })).text();
    assert.doesNotMatch(text, /evil/);
    const addresses = Object.entries(JSON.parse(text)).filter(([name]) => /endpoint$|_uri$/.test(name));
    assert.ok(addresses.length >= 7);
    for (const [name, value] of addresses) assert.ok(String(value).startsWith(`${ORIGIN}/oidc/`), name);
  }
});
