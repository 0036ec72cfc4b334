import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import type { MfaPolicy } from '#core/people/policy.ts';
import { isRefusal } from '#core/values/result.ts';
import { addClient, type DescribedClient } from '#flows/administration/openid-clients.ts';
import { ANA } from '../../story.ts';
import { ORIGIN, openWorld, PASSWORD, type Person, type World } from '../../world.ts';

export const CALLBACK = 'https://portal.example/callback';

/** The world with the machine's time, because third-party clients check times with it. */
export async function openPortalWorld(t: { after(work: () => unknown): void }): Promise<World> {
  return openWorld(t, { clock: { at: Math.floor(Date.now() / 1000) } });
}

/** A client as an operator registers one. */
export async function addPortal(world: World, more: Partial<DescribedClient> = {}) {
  const typed: DescribedClient = {
    ...{
      name: 'Portal',
      type: 'web',
      redirectUris: [CALLBACK],
      postLogoutRedirectUris: ['https://portal.example/bye'],
    },
    ...{ backchannelLogoutUri: undefined, isBackchannelInternal: false, isThirdParty: false, partners: [] },
    ...{ jwks: undefined, idTokenAlg: 'ES256' },
    ...more,
  };
  const made = await addClient(world.env, 'command_line', typed);
  assert.ok(!isRefusal(made), JSON.stringify(made));
  return made;
}

export type Portal = Awaited<ReturnType<typeof addPortal>>;

/** `openid-client`, connected to the service without a socket. */
export async function discover(
  { app }: { readonly app: Pick<World['app'], 'fetch'> },
  { client, secret }: Pick<Portal, 'secret'> & { readonly client: { readonly id: string } },
  proof: oidc.ClientAuth = authentication(secret),
) {
  const config = await oidc.discovery(new URL(ORIGIN), client.id, undefined, proof, {
    [oidc.customFetch]: (url, options) =>
      app.fetch(new Request(url, options as RequestInit), { remoteAddress: '192.0.2.77' }),
  });
  return config;
}

function authentication(secret: string | undefined) {
  return secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret);
}

export type Attempt = {
  readonly url: URL;
  readonly checks: {
    readonly pkceCodeVerifier: string;
    readonly expectedState: string;
    readonly expectedNonce: string;
  };
};

/** The portal's reaction to *Sign in*. */
export async function begin(
  config: oidc.Configuration,
  params: Readonly<Record<string, string>> = {},
): Promise<Attempt> {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email partner',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...params,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce } };
}

/** Path and query of one of our addresses. */
export function pathOf(url: URL | string): string {
  const { pathname, search } = new URL(url, ORIGIN);
  return pathname + search;
}

/**
 * Follows our redirects until a page is shown or the browser leaves. Answers the place. The page between a form and
 * another origin continues by itself.
 */
export async function follow(browser: Person, start: string) {
  let path = start;
  for (let steps = 0; steps < 12; steps++) {
    const answer = await browser.get(path);
    const refresh = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(answer.text)?.[1];
    const next = answer.location ?? refresh?.replaceAll('&amp;', '&');
    if (next === undefined) return { path, ...answer, left: undefined };
    if (!next.startsWith('/')) return { path, ...answer, left: new URL(next) };
    path = next;
  }
  throw new Error(`redirected in a circle at ${path}`);
}

export type Place = Awaited<ReturnType<typeof follow>>;

/** Sends a form and follows its redirects. */
export async function submit(browser: Person, path: string, fields: Readonly<Record<string, string>> = {}) {
  const answer = await browser.post(path, fields);
  const { location } = answer;
  if (location === undefined) return { path, ...answer, left: undefined };
  return location.startsWith('/') ? follow(browser, location) : { path, ...answer, left: new URL(location) };
}

type Setting = {
  readonly policy?: MfaPolicy;
  readonly hasAuthenticator?: boolean;
  readonly client?: Partial<DescribedClient>;
};

/** One portal and Ana. Her partner requires no second factor unless the test says so. */
export async function openStory(t: Parameters<typeof openPortalWorld>[0], setting: Setting = {}) {
  const world = await openPortalWorld(t);
  const partner = await world.addPartner({ slug: 'acme', name: 'Acme', policy: setting.policy ?? 'off' });
  const ana = await world.addUser({ email: ANA, name: 'Ana Silva', partnerId: partner.id });
  const secret = setting.hasAuthenticator === true ? await world.addAuthenticator(ana.id) : '';
  const portal = await addPortal(world, setting.client);
  return { world, partner, ana, secret, portal, config: await discover(world, portal) };
}

/** A browser with a signed-in person, by a password and a code of their authenticator. */
export async function signedIn(world: World, { email = ANA, secret = '' } = {}): Promise<Person> {
  const browser = world.person();
  const { location } = await browser.signIn(email);
  if (secret !== '') await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  else assert.equal(location, '/');
  // The notice after a sign-in is shown once.
  await browser.get('/');
  await browser.get('/');
  return browser;
}

type Params = Readonly<Record<string, string>>;

/** Opens the sign-in of a portal in a browser. */
export async function open(config: oidc.Configuration, browser: Person, params: Params = {}) {
  const attempt = await begin(config, params);
  return { attempt, ...(await follow(browser, pathOf(attempt.url))) };
}

/** The tokens for a browser that returned with a code. */
export function redeem(config: oidc.Configuration, { checks }: Attempt, left: URL | undefined, maxAge?: number) {
  assert.ok(left, 'the browser is led back to the portal');
  return oidc.authorizationCodeGrant(config, left, { ...checks, ...(maxAge !== undefined && { maxAge }) });
}

/** A complete sign-in to a portal, in a browser that needs no further proof. */
export async function tokensFor(config: oidc.Configuration, browser: Person, params: Params = {}) {
  const { attempt, left, path } = await open(config, browser, params);
  assert.ok(left, `a page is shown: ${path}`);
  return redeem(config, attempt, left);
}

/** The error that the portal gets instead of a code. */
export function errorIn({ left, path }: Pick<Place, 'left' | 'path'>): string | null {
  assert.ok(left, `a page is shown: ${path}`);
  assert.equal(left.searchParams.has('code'), false);
  return left.searchParams.get('error');
}

/** Signs a person in from the portal, with both factors if they have two. Answers the tokens. */
export async function signInFrom(
  world: Pick<World, 'totp' | 'clock'> | undefined,
  config: oidc.Configuration,
  as: { readonly browser: Person; readonly email: string; readonly secret?: string },
  params: Readonly<Record<string, string>> = {},
) {
  const { url, checks } = await begin(config, params);
  const asked = await follow(as.browser, pathOf(url));
  if (asked.left) return oidc.authorizationCodeGrant(config, asked.left, checks);
  const begun = await as.browser.post('/sign-in', { email: as.email, password: PASSWORD });
  let at = await follow(as.browser, begun.location ?? '');
  if (as.secret !== undefined && world !== undefined) {
    const done = await as.browser.post('/sign-in/one-time-code', { code: world.totp(as.secret) });
    world.clock.at += 30;
    at = await follow(as.browser, done.location ?? '');
  }
  // A notice (few recovery codes) continues with its button.
  const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(at.text)?.[1];
  const { left } = at.left ? at : await follow(as.browser, String(onwards));
  assert.ok(left, `${at.path} does not lead back to the portal`);
  return oidc.authorizationCodeGrant(config, left, checks);
}
