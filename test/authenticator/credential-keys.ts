import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type CborValue, encodeCbor } from './cbor.ts';

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

export type KeyPair = { readonly algorithm: Algorithm; readonly publicKey: KeyObject; readonly privateKey: KeyObject };

/** COSEAlgorithmIdentifier: IANA's registry of COSE algorithms. */
export const COSE_ALGORITHMS: Readonly<Record<Algorithm, number>> = { ES256: -7, EdDSA: -8, RS256: -257 };

export function generateKeys(algorithm: Algorithm): KeyPair {
  switch (algorithm) {
    case 'ES256':
      return { algorithm, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
    case 'EdDSA':
      return { algorithm, ...generateKeyPairSync('ed25519') };
    case 'RS256':
      return { algorithm, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
  }
}

/** The members of a COSE_Key (RFC 9052, RFC 9053, RFC 8230) as WebAuthn section 6.5.1.1 restricts them. */
export function coseKey({ algorithm, publicKey }: Pick<KeyPair, 'algorithm' | 'publicKey'>): Map<number, CborValue> {
  const jwk = publicKey.export({ format: 'jwk' });
  const part = (name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url');
  const [keyType, alg] = [1, 3];
  switch (algorithm) {
    case 'ES256':
      return new Map<number, CborValue>([
        [keyType, 2],
        [alg, COSE_ALGORITHMS.ES256],
        [-1, 1],
        [-2, part('x')],
        [-3, part('y')],
      ]);
    case 'EdDSA':
      return new Map<number, CborValue>([
        [keyType, 1],
        [alg, COSE_ALGORITHMS.EdDSA],
        [-1, 6],
        [-2, part('x')],
      ]);
    case 'RS256':
      return new Map<number, CborValue>([
        [keyType, 3],
        [alg, COSE_ALGORITHMS.RS256],
        [-1, part('n')],
        [-2, part('e')],
      ]);
  }
}

/** What a hostile authenticator changes in the key it reports. */
export type KeyOverrides = {
  /** The algorithm that the key names, whatever it is. */
  readonly reportedAlgorithm?: number;
  /** The key is padded with a member that nobody knows, to this many bytes at least. */
  readonly publicKeyBytes?: number;
  /** RS256 alone: a modulus of zeros and ones that is this long. */
  readonly modulusBytes?: number;
};

export function encodePublicKey(keys: KeyPair, overrides: KeyOverrides = {}): Buffer {
  const key = coseKey(keys);
  if (overrides.reportedAlgorithm !== undefined) key.set(3, overrides.reportedAlgorithm);
  if (overrides.modulusBytes !== undefined) key.set(-1, Buffer.alloc(overrides.modulusBytes, 0xff));
  if (overrides.publicKeyBytes !== undefined) key.set(-70_000, Buffer.alloc(overrides.publicKeyBytes));
  return encodeCbor(key);
}

/** The signature formats of WebAuthn section 6.5.5: DER for ECDSA, raw for EdDSA, PKCS #1 v1.5 for RS256. */
export function signWith({ algorithm, privateKey }: KeyPair, data: Uint8Array): Buffer {
  return sign(algorithm === 'EdDSA' ? null : 'sha256', data, privateKey);
}
