import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { attestationObject, authenticatorData, sha256 } from './authenticator-data.ts';
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts';
import { serializeClientData } from './client-data.ts';
import { type Algorithm, encodePublicKey, type KeyPair } from './credential-keys.ts';
import { signatureOf } from './signatures.ts';

type Assertion = Readonly<Record<'challenge' | 'clientDataJSON' | 'authenticatorData' | 'signature', string>>;
type Registration = Readonly<
  Record<
    'challenge' | 'flags' | 'aaguid' | 'credentialId' | 'extraDataRandom' | 'clientDataJSON' | 'attestationObject',
    string
  >
>;
type Vector = {
  readonly privateKey: string;
  readonly coseKey?: string;
  readonly registration?: Registration;
  readonly assertion?: Assertion;
};

const VECTORS = JSON.parse(readFileSync(new URL('../vectors/webauthn-level-3.json', import.meta.url), 'utf8'));
const { rpId, origin } = VECTORS as { readonly rpId: string; readonly origin: string };

const KEYS: Readonly<Record<string, KeyPair>> = {
  'none.ES256': ecKeys(vector('none.ES256').privateKey),
  'packed-self.ES256': ecKeys(vector('packed-self.ES256').privateKey),
  'packed.EdDSA': edKeys(vector('packed.EdDSA').privateKey),
  'packed.RS256': rsaKeys(2n ** 1279n - 1n, 2n ** 2203n - 1n),
};

describe('CBOR', () => {
  const examples: readonly [CborValue, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [-1, '20'],
    [-1000, '3903e7'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    [Buffer.from('01020304', 'hex'), '4401020304'],
    ['IETF', '6449455446'],
    ['\u00fc', '62c3bc'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [new Map([[1, 2]]).set(3, 4), 'a201020304'],
  ];
  for (const [value, hex] of examples) {
    test(`${hex} of RFC 8949, appendix A, is written and read`, () => {
      assert.equal(encodeCbor(value).toString('hex'), hex);
      assert.deepEqual(decodeCbor(Buffer.from(hex, 'hex')).value, value);
    });
  }

  test('keys are sorted as CTAP2 wants it, and what follows a value is left', () => {
    const map = new Map<number | string, CborValue>(['bb', 'a', -1, 100, 3].map((key) => [key, 0]));
    assert.equal(encodeCbor(map).toString('hex'), 'a50300186400200061610062626200');
    assert.equal(decodeCbor(Buffer.from('a000ff', 'hex')).rest.toString('hex'), '00ff');
  });

  for (const hex of ['a2010201', 'a201020103', '1903', 'c101', 'f97c00', '5f', '1b0000000100000000']) {
    test(`${hex} is not read`, () => assert.throws(() => decodeCbor(Buffer.from(hex, 'hex'))));
  }
});

describe('the test vectors of WebAuthn Level 3', () => {
  test('section 16.2: an ES256 credential without attestation, byte for byte', () => {
    const { registration } = vector('none.ES256');
    const { clientData, object } = registered('none.ES256', 'none');
    assert.equal(clientData.toString('hex'), registration?.clientDataJSON);
    assert.equal(object.toString('hex'), registration?.attestationObject);
  });

  test('section 16.3: self attestation, whose signature is new each time and fits', () => {
    const { registration } = vector('packed-self.ES256');
    const { clientData, object } = registered('packed-self.ES256', 'packed-self');
    assert.equal(clientData.toString('hex'), registration?.clientDataJSON);
    const [ours, theirs] = [object, Buffer.from(registration?.attestationObject ?? '', 'hex')].map(readAttestation);
    assert.deepEqual(ours?.authData, theirs?.authData);
    assert.deepEqual([ours?.alg, theirs?.alg], [-7, -7]);
    for (const one of [ours, theirs]) {
      const signed = Buffer.concat([one?.authData ?? Buffer.of(), sha256(clientData)]);
      assert.ok(verify('sha256', signed, keysOf('packed-self.ES256').publicKey, one?.sig ?? Buffer.of()));
    }
  });

  for (const name of ['none.ES256', 'packed.EdDSA', 'packed.RS256']) {
    test(`${name}: an assertion, byte for byte, with its signature where it is deterministic`, () => {
      const { coseKey, assertion } = vector(name);
      const keys = keysOf(name);
      const { authData, clientData } = asserted(assertion);
      assert.equal(authData.toString('hex'), assertion?.authenticatorData);
      assert.equal(clientData.toString('hex'), assertion?.clientDataJSON);
      if (coseKey !== undefined) assert.equal(encodePublicKey(keys).toString('hex'), coseKey);
      const signature = signatureOf(keys, authData, clientData, undefined);
      const theirs = Buffer.from(assertion?.signature ?? '', 'hex');
      if (keys.algorithm !== 'ES256') assert.deepEqual(signature, theirs);
      const digest = keys.algorithm === 'EdDSA' ? null : 'sha256';
      for (const one of [signature, theirs]) {
        assert.ok(verify(digest, Buffer.concat([authData, sha256(clientData)]), keys.publicKey, one));
      }
    });
  }

  test('a text of the client data is escaped as section 5.8.1.2 wants it', () => {
    const data = { type: 'a"b\\c\nd\u00e4\u007f', challenge: '', origin, crossOrigin: true, topOrigin: 'https://b' };
    const text = serializeClientData(data).toString();
    assert.ok(text.startsWith('{"type":"a\\"b\\\\c\\u000ad\u00e4\u007f","challenge":"",'), text);
    assert.ok(text.endsWith('"crossOrigin":true,"topOrigin":"https://b"}'), text);
  });
});

function vector(name: string): Vector {
  return VECTORS[name];
}

function keysOf(name: string): KeyPair {
  const keys = KEYS[name];
  assert.ok(keys);
  return keys;
}

function registered(name: string, attestation: 'none' | 'packed-self') {
  const { registration } = vector(name);
  assert.ok(registration);
  const { challenge, extraDataRandom, aaguid, credentialId, flags } = registration;
  const keys = keysOf(name);
  const random = Buffer.from(extraDataRandom, 'hex').toString('base64url');
  const extraData = `clientDataJSON may be extended with additional fields in the future, such as this: ${random}`;
  const clientData = clientDataOf('webauthn.create', challenge, { extraData });
  const attested = { aaguid, credentialId: Buffer.from(credentialId, 'hex'), publicKey: encodePublicKey(keys) };
  const authData = authenticatorData({ rpId, signCount: 0, attested, ...flagsOf(flags) });
  return { clientData, object: attestationObject(attestation, keys, authData, clientData) };
}

function asserted(assertion: Assertion | undefined) {
  assert.ok(assertion);
  const flags = flagsOf(assertion.authenticatorData.slice(64, 66));
  return {
    authData: authenticatorData({ rpId, signCount: 0, ...flags }),
    clientData: clientDataOf('webauthn.get', assertion.challenge),
  };
}

function clientDataOf(type: string, challenge: string, others?: Readonly<Record<string, string>>): Buffer {
  const encoded = Buffer.from(challenge, 'hex').toString('base64url');
  return serializeClientData({ type, challenge: encoded, origin, crossOrigin: false, others });
}

/** User presence is always there, and the state of the backup only with eligibility. */
function flagsOf(hex: string) {
  const bits = Number.parseInt(hex, 16);
  const backupEligible = (bits & 0x08) !== 0;
  return {
    userPresent: true,
    userVerified: (bits & 0x04) !== 0,
    backupEligible,
    backupState: backupEligible && (bits & 0x10) !== 0,
  };
}

function readAttestation(object: Buffer) {
  const { value, rest } = decodeCbor(object);
  assert.ok(value instanceof Map && rest.length === 0);
  const statement = value.get('attStmt');
  return { authData: value.get('authData'), alg: statement.get('alg'), sig: statement.get('sig') };
}

function ecKeys(privateHex: string): KeyPair {
  // ECPrivateKey of RFC 5915 for P-256, without the public key, which OpenSSL works out.
  const der = Buffer.from(`30310201010420${privateHex}a00a06082a8648ce3d030107`, 'hex');
  return pair('ES256', createPrivateKey({ key: der, format: 'der', type: 'sec1' }));
}

function edKeys(privateHex: string): KeyPair {
  const der = Buffer.from(`302e020100300506032b657004220420${privateHex}`, 'hex');
  return pair('EdDSA', createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function rsaKeys(p: bigint, q: bigint): KeyPair {
  const d = inverse(65_537n, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e: 65_537n, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.entries(numbers).map(([name, number]) => [name, base64url(number)]);
  return pair('RS256', createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(jwk) }, format: 'jwk' }));
}

function pair(algorithm: Algorithm, privateKey: KeyObject): KeyPair {
  return { algorithm, privateKey, publicKey: createPublicKey(privateKey) };
}

function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [number % modulus, modulus, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return ((x % modulus) + modulus) % modulus;
}

function base64url(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}
