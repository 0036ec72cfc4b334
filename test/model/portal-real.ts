import { createHash } from 'node:crypto';
import { CALLBACK } from '../stories/openid/openid-story.ts';
import { type Answer, ORIGIN } from '../world.ts';
import type { NodeIndex, Real } from './real.ts';
import type { Browser, Host, PortalClient } from './rows.ts';

const VERIFIER = 'verifier-of-a-model-that-forgets-nothing-000001';

type Fields = Readonly<Record<string, string>>;
export type ClientAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** The address where a client requests a sign-in. */
export function authorizePath({ id }: PortalClient, isOffline: boolean): string {
  const query = new URLSearchParams({
    ...{ client_id: id, redirect_uri: CALLBACK, response_type: 'code' },
    ...{ scope: isOffline ? 'openid offline_access' : 'openid', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  });
  return `/oidc/authorize?${query}`;
}

export function redemption(code: string): Fields {
  return { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER };
}

/** A client's request with its secret. */
export async function askAs(
  real: Real,
  node: NodeIndex,
  { id, secret }: PortalClient,
  asked: { readonly path: string; readonly fields: Fields },
): Promise<ClientAnswer> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const body = new URLSearchParams(asked.fields);
  return ask(real, node, new Request(ORIGIN + asked.path, { method: 'POST', body, headers: { authorization } }));
}

export function userInfo(real: Real, node: NodeIndex, token: string): Promise<ClientAnswer> {
  return ask(real, node, new Request(`${ORIGIN}/oidc/userinfo`, { headers: { authorization: `Bearer ${token}` } }));
}

async function ask(real: Real, node: NodeIndex, request: Request): Promise<ClientAnswer> {
  const response = await real.world(node).app.fetch(request, { remoteAddress: '192.0.2.77' });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

type OnHost = {
  readonly path: string;
  readonly method?: string;
  readonly cookie: string | undefined;
  readonly headers?: Fields;
};

const COOKIE = '__Host-sallyport-site';

/** A request to us with the name of a protected host, as its proxy sends it. `cookie` is the browser's cookie there. */
export async function onHost(
  real: Real,
  node: NodeIndex,
  { host }: Host,
  { path, method = 'GET', cookie, headers = {} }: OnHost,
): Promise<Omit<Answer, 'headers'> & { readonly cookie: string | undefined; readonly user: string | null }> {
  const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/report' };
  const sent = { ...forwarded, ...headers, ...(cookie !== undefined && { cookie: `${COOKIE}=${cookie}` }) };
  const request = new Request(`https://${host}${path}`, { method, headers: sent });
  const response = await real.world(node).app.fetch(request, { remoteAddress: '192.0.2.78' });
  const [line] = response.headers.getSetCookie();
  const set = line === undefined ? cookie : /^[^=]+=([^;]*)/.exec(line)?.[1];
  return {
    ...{ status: response.status, location: response.headers.get('location') ?? undefined },
    ...{ text: await response.text(), cookie: set === '' ? undefined : set },
    user: response.headers.get('x-sallyport-user'),
  };
}

export const CHECK = '/forward-auth/redirect';

/** Stores a host's cookie in the browser. */
export function keepCookie(browser: Browser, { host }: Host, cookie: string | undefined): void {
  if (cookie === undefined) browser.sites.delete(host);
  else browser.sites.set(host, cookie);
}
