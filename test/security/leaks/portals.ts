import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSite } from '#store/forward-auth/sites.ts';
import { APP as HOST, NAVIGATION, SCRIPT } from '../../stories/forward-auth/forward-auth-story.ts';
import { addPortal, CALLBACK, follow, type Portal } from '../../stories/openid/openid-story.ts';
import { browserAt, ORIGIN, PASSWORD, type Person } from '../../world.ts';
import type { Service } from './service.ts';

const VERIFIER = 'verifier-of-a-lantern-that-nobody-guesses-0001';
const EMAIL = 'eve@open.example';

type Fields = Readonly<Record<string, string>>;

/** An OpenID Connect portal: authorizations, exchanges, their failures, and a sign-out. */
export async function portals(service: Service): Promise<void> {
  const { world } = service;
  const { id: partnerId } = await world.addPartner({ slug: 'open', name: 'Open', policy: 'off' });
  await world.addUser({ email: EMAIL, partnerId });
  service.tell('password', PASSWORD);
  const portal = await addPortal(world);
  service.tell('client secret', String(portal.secret));
  const browser = browserAt(service.app, '192.0.2.30');
  const code = await authorize(browser, portal);
  const hint = await exchange(service, portal, code);
  await push(service, portal, browser);
  await ask(service, portal, { code: 'not-the-code-of-anybody', code_verifier: VERIFIER });
  await enterHost(service, browser);
  // The request waits for the person, and its parameters are stored with it.
  await follow(browser, address(portal, { prompt: 'login', id_token_hint: hint }));
  await follow(browser, `/oidc/sign-out?${new URLSearchParams({ client_id: portal.client.id })}`);
  const end = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'https://portal.example/bye' });
  assert.equal((await follow(browser, `/oidc/sign-out?${end}`)).left?.pathname, '/bye');
}

function paramsOf({ client }: Portal, more: Fields = {}): URLSearchParams {
  return new URLSearchParams({
    ...{ client_id: client.id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid email offline_access' },
    ...{ code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256' },
    ...more,
  });
}

function address(portal: Portal, more: Fields = {}): string {
  return `/oidc/authorize?${paramsOf(portal, more)}`;
}

/** From the portal over the sign-in page and back. Answers the code. */
async function authorize(browser: Person, portal: Portal): Promise<string> {
  await follow(browser, address(portal));
  const { location } = await browser.post('/sign-in', { email: EMAIL, password: PASSWORD });
  const { left } = await follow(browser, String(location));
  const code = left?.searchParams.get('code');
  assert.ok(code);
  return code;
}

/** Uses the code and the refresh token, each a second time too. Answers an ID token for a later sign-out. */
async function exchange(service: Service, portal: Portal, code: string): Promise<string> {
  const redemption = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const tokens = await ask(service, portal, redemption);
  assert.ok(tokens.refresh_token);
  const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) };
  const fresh = await ask(service, portal, refresh);
  assert.equal((await ask(service, portal, refresh)).refresh_token, fresh.refresh_token);
  await ask(service, portal, { token: String(fresh.access_token) }, '/oidc/introspect');
  const authorization = `Bearer ${fresh.access_token}`;
  await service.app.fetch(new Request(`${ORIGIN}/oidc/userinfo`, { headers: { authorization } }), ARRIVAL);
  await ask(service, portal, { token: String(fresh.access_token) }, '/oidc/revoke');
  await ask(service, portal, redemption);
  await ask(service, portal, { ...refresh, client_secret: 'a wrong secret of a portal', client_id: portal.client.id });
  return String(fresh.id_token);
}

async function push(service: Service, portal: Portal, browser: Person): Promise<void> {
  const pushed = await ask(service, portal, Object.fromEntries(paramsOf(portal)), '/oidc/par');
  const query = new URLSearchParams({ client_id: portal.client.id, request_uri: String(pushed.request_uri) });
  assert.ok((await follow(browser, `/oidc/authorize?${query}`)).left?.searchParams.has('code'));
}

/** A protected host: redirects to its ticket, the arrival, a second use of the ticket, and a check with the cookie. */
async function enterHost(service: Service, browser: Person): Promise<void> {
  const { env, clock } = service.world;
  await env.db.transaction((tx) => createSite(tx, { host: HOST, acr: undefined, partnerIds: [] }, clock.at));
  const { location, cookie: before } = await onHost(service, '/forward-auth/redirect');
  const begin = new URL(String(location));
  const begun = await browser.get(begin.pathname + begin.search);
  const arrival = new URL(String((await browser.get(String(begun.location))).location));
  const path = arrival.pathname + arrival.search;
  service.tell('ticket', String(arrival.searchParams.get('ticket')));
  const { cookie } = await onHost(service, path, before);
  assert.ok(cookie && before && cookie !== before);
  for (const value of [before, cookie]) service.tell('cookie of a host', value);
  await onHost(service, path, cookie);
  assert.equal((await onHost(service, '/forward-auth/nginx', cookie, SCRIPT)).status, 200);
  await onHost(service, '/forward-auth/envoy/reports', cookie);
}

async function onHost({ app }: Service, path: string, cookie?: string, more: Fields = NAVIGATION) {
  const headers = new Headers({ ...more, 'x-forwarded-host': HOST, 'x-forwarded-proto': 'https' });
  headers.set('x-forwarded-uri', '/reports');
  if (cookie !== undefined) headers.set('cookie', `__Host-sallyport-site=${cookie}`);
  const answer = await app.fetch(new Request(`https://${HOST}${path}`, { headers }), ARRIVAL);
  const set = /^[^=]+=([^;]*)/.exec(answer.headers.getSetCookie()[0] ?? '')?.[1];
  return { status: answer.status, location: answer.headers.get('location'), cookie: set };
}

const ARRIVAL = { remoteAddress: '192.0.2.31' };

async function ask(service: Service, { client, secret }: Portal, fields: Fields, path = '/oidc/token') {
  const basic = { authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}` };
  const headers: Fields = 'client_secret' in fields ? {} : basic;
  const request = new Request(`${ORIGIN}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers });
  const text = await (await service.app.fetch(request, ARRIVAL)).text();
  return text === '' ? {} : JSON.parse(text);
}
