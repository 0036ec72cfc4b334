import { createHash } from 'node:crypto';
import { type CborValue, encodeCbor } from './cbor.ts';
import { COSE_ALGORITHMS, type KeyPair, signWith } from './credential-keys.ts';

export type Flags = {
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
};

export type AttestedCredential = {
  /** A UUID with dashes. */
  readonly aaguid: string;
  readonly credentialId: Uint8Array;
  /** A COSE_Key. */
  readonly publicKey: Uint8Array;
};

export type AuthenticatorData = Flags & {
  readonly rpId: string;
  readonly signCount: number;
  readonly attested?: AttestedCredential | undefined;
  readonly extensions?: ReadonlyMap<string, CborValue> | undefined;
};

/** The structure of WebAuthn section 6.1. */
export function authenticatorData(data: AuthenticatorData): Buffer {
  const { rpId, signCount, attested, extensions } = data;
  const flags =
    (data.userPresent ? 0x01 : 0) |
    (data.userVerified ? 0x04 : 0) |
    (data.backupEligible ? 0x08 : 0) |
    (data.backupState ? 0x10 : 0) |
    (attested === undefined ? 0 : 0x40) |
    (extensions === undefined ? 0 : 0x80);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(signCount);
  return Buffer.concat([
    sha256(rpId),
    Buffer.of(flags),
    counter,
    ...(attested === undefined ? [] : [attestedCredentialData(attested)]),
    ...(extensions === undefined ? [] : [encodeCbor(extensions)]),
  ]);
}

/** Section 6.5.1. The length is two bytes, although an id is limited to 1023. */
function attestedCredentialData({ aaguid, credentialId, publicKey }: AttestedCredential): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(credentialId.length);
  return Buffer.concat([Buffer.from(aaguid.replaceAll('-', ''), 'hex'), length, credentialId, publicKey]);
}

/** `packed-self` is the one honest statement here besides `none`. */
export type Attestation =
  | 'none'
  | 'packed-self'
  | 'none-with-junk'
  | 'packed-self-other-data'
  | 'packed-self-other-algorithm'
  | 'packed-empty'
  | 'packed-junk-certificate'
  | 'fido-u2f-junk'
  | 'unknown-format';

/** Section 6.5.4. The statement signs the authenticator data and the hash of the client data. */
export function attestationObject(kind: Attestation, keys: KeyPair, authData: Buffer, clientData: Buffer): Buffer {
  const { format, statement } = statementOf(kind, keys, Buffer.concat([authData, sha256(clientData)]));
  return encodeCbor(
    new Map<string, CborValue>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', authData],
    ]),
  );
}

type Statement = { readonly format: string; readonly statement: ReadonlyMap<string, CborValue> };

function statementOf(kind: Attestation, keys: KeyPair, signed: Buffer): Statement {
  const alg = COSE_ALGORITHMS[keys.algorithm];
  const junk = Buffer.from('not a certificate');
  switch (kind) {
    case 'none':
      return { format: 'none', statement: new Map() };
    case 'none-with-junk':
      return { format: 'none', statement: new Map([['x5c', [junk]]]) };
    case 'packed-self':
      return { format: 'packed', statement: packed(alg, signWith(keys, signed)) };
    case 'packed-self-other-data':
      return { format: 'packed', statement: packed(alg, signWith(keys, Buffer.concat([signed, junk]))) };
    case 'packed-self-other-algorithm':
      return { format: 'packed', statement: packed(-37, signWith(keys, signed)) };
    case 'packed-empty':
      return { format: 'packed', statement: new Map() };
    case 'packed-junk-certificate':
      return { format: 'packed', statement: packed(alg, signWith(keys, signed)).set('x5c', [junk]) };
    case 'fido-u2f-junk':
      return { format: 'fido-u2f', statement: new Map<string, CborValue>([['sig', junk]]).set('x5c', [junk]) };
    case 'unknown-format':
      return { format: 'sallyport', statement: new Map() };
  }
}

function packed(alg: number, sig: Buffer): Map<string, CborValue> {
  return new Map<string, CborValue>([
    ['alg', alg],
    ['sig', sig],
  ]);
}

export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
