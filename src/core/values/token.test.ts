import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newToken, tokenHash } from './token.ts';

test('a token is 256 bits of the given randomness in base64url', () => {
  const token = newToken((bytes) => Buffer.alloc(bytes, 0xfb));
  assert.equal(token, '-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s');
  assert.equal(Buffer.from(token, 'base64url').length, 32);
});

test('the hash of a token is its SHA-256 in hex', () => {
  assert.equal(tokenHash('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'); // FIPS 180-2, B.1
});
