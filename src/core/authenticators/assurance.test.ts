import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acrOf, amrAfter, amrOf } from './assurance.ts';

test('states how a person proved who they are, and the level that it amounts to', () => {
  assert.deepEqual(amrOf(undefined), ['pwd']);
  assert.deepEqual(amrOf('totp'), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(amrOf('recovery_code'), ['pwd', 'mfa']);
  assert.equal(acrOf(amrOf(undefined)), 'urn:sallyport:acr:pwd');
  assert.equal(acrOf(amrOf('totp')), 'urn:sallyport:acr:mfa');
  assert.equal(acrOf(amrOf('recovery_code')), 'urn:sallyport:acr:mfa');
});

test('a passkey resists phishing, alone and after a password, and says whether its key can be copied', () => {
  const use = { kind: 'passkey', isSynced: true, userVerified: true, isAlone: true } as const;
  assert.deepEqual(amrOf(use), ['swk', 'user', 'mfa']);
  assert.deepEqual(amrOf({ ...use, isSynced: false }), ['hwk', 'user', 'mfa']);
  assert.deepEqual(amrOf({ ...use, isAlone: false }), ['pwd', 'swk', 'user', 'mfa']);
  assert.deepEqual(amrOf({ ...use, isAlone: false, userVerified: false }), ['pwd', 'swk', 'mfa']);
  assert.equal(acrOf(amrOf(use)), 'phr');
});

test('another proof in a session adds its methods, and nothing that was not proven', () => {
  const use = { kind: 'passkey', isSynced: false, userVerified: true, isAlone: false } as const;
  assert.deepEqual(amrAfter(['pwd', 'otp', 'mfa'], use), ['pwd', 'otp', 'hwk', 'user', 'mfa']);
  assert.deepEqual(amrAfter(['hwk', 'user', 'mfa'], 'recovery_code'), ['hwk', 'user', 'mfa']);
  assert.deepEqual(amrAfter(['hwk', 'user', 'mfa'], 'totp'), ['otp', 'hwk', 'user', 'mfa']);
  assert.deepEqual(amrAfter(['pwd'], 'password'), ['pwd']);
});
