import type { Provider } from 'oidc-provider';
import type { Env } from '#env.ts';
import { type ExchangeResponse, exchange, machineSeconds } from '#http/protocols/exchange.ts';
import type { ProtocolCall, RawReply } from '#http/route.ts';
import { keysOf } from './keys.ts';
import { makeProvider } from './provider.ts';
import { inWork, newWork, type Work } from './work.ts';

/** The protocol library for one environment, and the fingerprint of its signing keys. */
type Made = { readonly fingerprint: string; readonly provider: Provider };

const made = new WeakMap<Env, Promise<Made>>();

/** Created at the first request, and again after the signing keys change. */
async function providerOf(env: Env): Promise<Provider> {
  const keys = await keysOf(env);
  const before = await made.get(env);
  if (before?.fingerprint === keys.fingerprint) return before.provider;
  const making = makeProvider(env.config.publicUrl.origin, keys).then((provider) => ({
    fingerprint: keys.fingerprint,
    provider,
  }));
  made.set(env, making);
  return (await making).provider;
}

export type Asked = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
};

/** Passes a request to the protocol library within this work. The work then holds what the library wants to store. */
export async function askLibrary(work: Work, { method, url, headers = {}, body = Buffer.alloc(0) }: Asked) {
  const provider = await providerOf(work.env);
  const { host, isHttps } = work.env.config.publicUrl;
  const cookie = work.session === undefined ? {} : { cookie: `_session=${work.session.id}` };
  // The library builds every address from these two, never from the request.
  const sent = { ...headers, ...cookie, host };
  return inWork(work, () => exchange(provider.callback(), { method, url, headers: sent, body, https: isHttps }));
}

export function workOf({ env }: ProtocolCall, more: Partial<Work> = {}): Work {
  return newWork(env, machineSeconds, more);
}

const PASSED_ON = ['authorization', 'content-type', 'origin', 'accept'];
const PREFLIGHT = ['access-control-request-method', 'access-control-request-headers'];

/** The request headers that the library uses. It does not get our cookies. */
export function headersOf({ request, body }: ProtocolCall): Readonly<Record<string, string>> {
  const named = [...PASSED_ON, ...PREFLIGHT].flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  // The library renders errors as a page if HTML is accepted. Programs get JSON.
  return { ...Object.fromEntries(named), accept: 'application/json', 'content-length': String(body.length) };
}

const SAID = ['content-type', 'www-authenticate', 'vary', 'cache-control', 'pragma'];

/** The library's answer for a program. */
export function rawReply({ status, headers, body }: ExchangeResponse): RawReply {
  const passed = Object.entries(headers).flatMap(([name, value]) =>
    SAID.includes(name) || name.startsWith('access-control-') ? [[name, String(value)] as const] : [],
  );
  // CORS lets any origin read this answer. Without this header the browser would hide it from a script.
  const isShared = passed.some(([name]) => name === 'access-control-allow-origin');
  const open = isShared ? { 'cross-origin-resource-policy': 'cross-origin' } : {};
  return { status, headers: { ...Object.fromEntries(passed), ...open }, raw: body };
}
