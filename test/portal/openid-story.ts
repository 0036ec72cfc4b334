import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { isRefusal } from '#core/result.ts';
import { addClient, type DescribedClient } from '#flows/openid-clients.ts';
import { ORIGIN, openWorld, PASSWORD, type Person, type World } from '../world.ts';

export const CALLBACK = 'https://portal.example/callback';

/** The world at the time of the machine: clients of other makers judge times by that. */
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

type Portal = Awaited<ReturnType<typeof addPortal>>;

/** `openid-client`, talking to the service without a socket. */
export async function discover(world: World, { client, secret }: Portal) {
  const config = await oidc.discovery(new URL(ORIGIN), client.id, undefined, authentication(secret), {
    [oidc.customFetch]: (url, options) =>
      world.app.fetch(new Request(url, options as RequestInit), { remoteAddress: '192.0.2.77' }),
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

/** What a portal does when somebody presses *Sign in*. */
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

/** Path and query of an address of ours. */
export function pathOf(url: URL | string): string {
  const { pathname, search } = new URL(url, ORIGIN);
  return pathname + search;
}

/** Follows redirects of ours until a page is shown or the browser leaves; answers where it is. */
export async function follow(browser: Person, start: string) {
  let path = start;
  for (let steps = 0; steps < 10; steps++) {
    const answer = await browser.get(path);
    if (answer.status < 300 || answer.status >= 400) return { path, ...answer, left: undefined };
    const next = answer.location ?? '';
    if (!next.startsWith('/')) return { path, ...answer, left: new URL(next) };
    path = next;
  }
  throw new Error(`redirected in a circle at ${path}`);
}

/** Signs a person in from the portal, with both factors where they have two; answers the tokens. */
export async function signInFrom(
  world: World,
  config: oidc.Configuration,
  as: { readonly browser: Person; readonly email: string; readonly secret?: string },
  params: Readonly<Record<string, string>> = {},
) {
  const { url, checks } = await begin(config, params);
  const asked = await follow(as.browser, pathOf(url));
  if (asked.left) return oidc.authorizationCodeGrant(config, asked.left, checks);
  const begun = await as.browser.post('/sign-in', { email: as.email, password: PASSWORD });
  let at = await follow(as.browser, begun.location ?? '');
  if (as.secret !== undefined) {
    const done = await as.browser.post('/sign-in/one-time-code', { code: world.totp(as.secret) });
    world.clock.at += 30;
    at = await follow(as.browser, done.location ?? '');
  }
  // A notice on the way (few recovery codes) leads on by its button.
  const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(at.text)?.[1];
  const { left } = at.left ? at : await follow(as.browser, String(onwards));
  assert.ok(left, `${at.path} does not lead back to the portal`);
  return oidc.authorizationCodeGrant(config, left, checks);
}
