import type { Env } from '#env.ts';
import { signingKeys, verifyJwt } from '#flows/runtime/signing-keys.ts';
import type { ProviderKeys } from './provider.ts';

/** The keys for the protocol library, and a fingerprint that changes with them. */
export async function keysOf(env: Env): Promise<ProviderKeys & { readonly fingerprint: string }> {
  const all = await signingKeys(env);
  const keys = all.map(({ id, alg, privateKey }) => ({
    ...privateKey.export({ format: 'jwk' }),
    kid: id,
    alg,
    use: 'sig',
  }));
  return { keys, fingerprint: all.map(({ id }) => id).join(' ') };
}

export type OwnToken = { readonly sub: string; readonly aud: string; readonly sid: string | undefined };

/** The claims of our own ID token, of any age. Undefined if it is not ours (RP-Initiated Logout 1.0 §4). */
export async function verifyOwnToken(env: Env, token: string): Promise<OwnToken | undefined> {
  const claims = await verifyJwt(env, token);
  const { iss, sub, aud, sid } = Object(claims);
  if (iss !== env.config.publicUrl.origin || typeof sub !== 'string' || typeof aud !== 'string') return undefined;
  return { sub, aud, sid: typeof sid === 'string' ? sid : undefined };
}
