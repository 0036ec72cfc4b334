import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';

/** How tokens are signed: RFC 7518 §3.4 on P-256, and §3.3 for clients that support nothing else. */
export type SigningAlgorithm = 'ES256' | 'RS256';

/** An opened key; its private half never leaves this process. */
export type SigningKey = {
  /** RFC 7638 thumbprint of the public half. */
  readonly id: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyObject;
};

/** The public half, as in `jwks_uri`. */
export type PublicJwk = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' };

const generate = promisify(generateKeyPair);

/** RFC 7518 §3.3 requires at least 2048 bits. */
const RSA_BITS = 2048;

/** A new key: its id, and its private half as JWK text, to be sealed. */
export async function makeSigningKey(alg: SigningAlgorithm): Promise<{ readonly id: string; readonly jwk: string }> {
  const { privateKey } =
    alg === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: RSA_BITS });
  return { id: thumbprint(publicHalf(privateKey)), jwk: JSON.stringify(privateKey.export({ format: 'jwk' })) };
}

/** Throws if the text is no private key, or has another id. */
export function openSigningKey({ id, alg }: Pick<SigningKey, 'id' | 'alg'>, jwk: string): SigningKey {
  const privateKey = createPrivateKey({ key: JSON.parse(jwk), format: 'jwk' });
  if (thumbprint(publicHalf(privateKey)) !== id) throw new Error(`the signing key ${id} is another key`);
  return { id, alg, privateKey };
}

export function publicJwk({ id, alg, privateKey }: SigningKey): PublicJwk {
  return { ...publicHalf(privateKey), kid: id, alg, use: 'sig' };
}

/** A JWT in compact form (RFC 7519 §3, RFC 7515 §7.1). */
export function signedJwt(key: SigningKey, claims: Readonly<Record<string, unknown>>, typ = 'JWT'): string {
  const head = encoded({ alg: key.alg, kid: key.id, typ });
  const text = `${head}.${encoded(claims)}`;
  // RFC 7518 §3.4: both halves of the signature concatenated, not as ASN.1.
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${text}.${sign('sha256', Buffer.from(text), options).toString('base64url')}`;
}

/** The claims of a JWT that one of these keys signed, else `undefined`. The caller has to check the times. */
export function verifiedClaims(keys: readonly SigningKey[], token: string): unknown {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const { kid, alg } = Object(decoded(head));
  const key = keys.find((one) => one.id === kid && one.alg === alg);
  if (key === undefined || more.length > 0) return undefined;
  const options = { key: createPublicKey(key.privateKey), dsaEncoding: 'ieee-p1363' } as const;
  const isOurs = verify('sha256', Buffer.from(`${head}.${body}`), options, Buffer.from(signature, 'base64url'));
  return isOurs ? decoded(body) : undefined;
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function publicHalf(privateKey: KeyObject): JsonWebKey {
  return createPublicKey(privateKey).export({ format: 'jwk' });
}

/** RFC 7638 §3: only the required members, in the order of their names. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
