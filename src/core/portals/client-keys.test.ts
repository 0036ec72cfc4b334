import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { readPublicKeys } from './client-keys.ts';

// RFC 8037 appendix A.2 and RFC 7517 appendix A.1, which also has an RSA key of 2048 bits.
const ED = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const EC = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};

function rsa(modulusLength: number, publicExponent = 0x10001) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return { publicJwk: publicKey.export({ format: 'jwk' }), privateJwk: privateKey.export({ format: 'jwk' }) };
}

function read(...keys: readonly unknown[]) {
  return readPublicKeys(JSON.stringify({ keys }));
}

test('public keys are kept with the members that are known, and no other', () => {
  const { publicJwk } = rsa(2048);
  const typed = [{ ...EC, kid: 'one', alg: 'ES256', use: 'sig', note: 'ours' }, ED, { ...publicJwk, x5c: ['MII'] }];
  assert.deepEqual(read(...typed), {
    keys: [
      { ...EC, kid: 'one', alg: 'ES256', use: 'sig' },
      { ...ED, use: 'sig' },
      { ...publicJwk, use: 'sig' },
    ],
  });
});

test('a set with anything private in it is refused as that, wherever it stands', () => {
  const { privateJwk } = rsa(2048);
  assert.equal(read(EC, privateJwk), 'private');
  assert.equal(read({ ...ED, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }), 'private');
  assert.equal(read({ kty: 'oct', k: 'c2VjcmV0' }), 'private');
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
    assert.equal(read({ kty: 'unknown', [member]: '' }), 'private', member);
});

test('what is no set of keys that we could verify with is refused', () => {
  const texts = ['', 'nonsense', '[]', '{}', 'null', '{"keys":{}}', '{"keys":[]}', '{"keys":[null]}', '{"keys":["x"]}'];
  for (const text of texts) assert.equal(readPublicKeys(text), 'malformed', text);
  const bad = [
    ...[
      {},
      { kty: 'constructor' },
      { kty: 'EC' },
      { ...EC, crv: 'P-384' },
      { ...EC, y: EC.x },
      { ...EC, x: 7 },
      { ...EC, x: '' },
    ],
    ...[
      { ...ED, crv: 'X25519' },
      { ...ED, x: 'short' },
      { ...EC, use: 'enc' },
      { ...EC, kid: 7 },
      { ...EC, kid: 'x'.repeat(201) },
    ],
  ];
  for (const key of bad) assert.equal(read(EC, key), 'malformed', JSON.stringify(key));
});

test('RSA has 2048 to 4096 bits and an exponent that is quick', () => {
  assert.equal(read(rsa(1024).publicJwk), 'malformed');
  assert.notEqual(read(rsa(4096).publicJwk), 'malformed');
  const { publicJwk } = rsa(2048);
  assert.equal(read({ ...publicJwk, n: Buffer.alloc(520, 255).toString('base64url') }), 'malformed');
  assert.equal(read({ ...publicJwk, e: Buffer.alloc(200, 255).toString('base64url') }), 'malformed');
});

test('a set is as short as ten keys are', () => {
  assert.notEqual(read(...Array(10).fill(ED)), 'malformed');
  assert.equal(read(...Array(11).fill(ED)), 'malformed');
  assert.equal(readPublicKeys(JSON.stringify({ keys: [ED], padding: 'x'.repeat(16 * 1024) })), 'malformed');
});
