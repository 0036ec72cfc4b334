import { sha256 } from './authenticator-data.ts';
import type { AuthenticationOverrides } from './ceremony.ts';
import { generateKeys, type KeyPair, signWith } from './credential-keys.ts';

/** Over the authenticator data and the hash of the client data: WebAuthn section 6.3.3, step 11. */
export function signatureOf(
  keys: KeyPair,
  authData: Buffer,
  clientData: Buffer,
  fault: AuthenticationOverrides['signature'],
): Buffer {
  const signed = Buffer.concat([authData, sha256(clientData)]);
  const honest = signWith(keys, signed);
  switch (fault) {
    case undefined:
      return honest;
    case 'flipped-bit':
      return Buffer.concat([honest.subarray(0, -1), Buffer.of((honest.at(-1) ?? 0) ^ 1)]);
    case 'other-data':
      return signWith(keys, Buffer.concat([authData, sha256(Buffer.concat([clientData, Buffer.of(0x20)]))]));
    case 'other-key':
      return signWith(generateKeys(keys.algorithm), signed);
    case 'empty':
      return Buffer.alloc(0);
    case 'raw-ecdsa':
      return Buffer.alloc(64, 1);
    case 'trailing-bytes':
      return Buffer.concat([honest, Buffer.alloc(4)]);
  }
}
