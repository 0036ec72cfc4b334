import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { isShort } from '#core/values/text.ts';

/** The public keys of a client with `private_key_jwt`: a JWK Set (RFC 7517 §5), reduced to known members. */
export type PublicKeys = { readonly keys: readonly PublicJwk[] };
export type PublicJwk = Readonly<Record<string, string>>;

/** Limits the work of importing keys. */
const KEYS_MOST = 10;
const KID_LENGTH_MOST = 200;
const RSA_BITS = { least: 2048, most: 4096 };

/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  RSA: ['n', 'e'],
};
const CURVES = ['P-256', 'Ed25519'];

/**
 * Reads a JWK Set: EC P-256, Ed25519 or RSA of 2048 to 4096 bits.
 *
 * `private` if it contains a secret member: such a file should never be sent, so nothing of it is stored.
 */
export function readPublicKeys(text: string): PublicKeys | 'malformed' | 'private' {
  const keys = isShort('jwks', text) ? keysIn(text) : undefined;
  if (keys === undefined) return 'malformed';
  if (keys.some((key) => PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member)))) return 'private';
  if (keys.length === 0 || keys.length > KEYS_MOST) return 'malformed';
  const known = keys.map(publicJwk);
  return known.every((key) => key !== undefined) ? { keys: known } : 'malformed';
}

function keysIn(text: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  const set = parsed(text);
  const keys = isObject(set) ? set.keys : undefined;
  return Array.isArray(keys) && keys.every(isObject) ? keys : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The known members; `undefined` for a key whose signatures we could not verify. */
function publicJwk(key: Readonly<Record<string, unknown>>): PublicJwk | undefined {
  const { kty, use = 'sig' } = key;
  const members = typeof kty === 'string' && Object.hasOwn(PUBLIC_MEMBERS, kty) ? PUBLIC_MEMBERS[kty] : undefined;
  if (members === undefined || use !== 'sig') return undefined;
  const named = ['kty', ...members].map((member) => [member, key[member]] as const);
  const optional = ['kid', 'alg'].flatMap((member) =>
    key[member] === undefined ? [] : [[member, key[member]] as const],
  );
  const entries = [...named, ...optional].flatMap(([member, value]) =>
    typeof value === 'string' && value !== '' ? [[member, value] as const] : [],
  );
  if (entries.length !== named.length + optional.length) return undefined;
  const jwk: PublicJwk = { ...Object.fromEntries(entries), use: 'sig' };
  return (jwk.kid ?? '').length <= KID_LENGTH_MOST && isGood(jwk) ? jwk : undefined;
}

function isGood(jwk: PublicJwk): boolean {
  if (jwk.crv !== undefined && !CURVES.includes(jwk.crv)) return false;
  const details = detailsOf(jwk);
  if (jwk.kty !== 'RSA') return details !== undefined;
  const { modulusLength = 0, publicExponent = 0n } = details ?? {};
  // A huge exponent makes each verification slow.
  return modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most && publicExponent < 2n ** 32n;
}

function detailsOf(jwk: PublicJwk) {
  try {
    // The cast: our own strings with the member names of a JWK.
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails ?? {};
  } catch {
    return undefined;
  }
}
