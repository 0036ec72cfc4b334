import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acrOf, amrOf } from './assurance.ts';

test('states how a person proved who they are, and the level that it amounts to', () => {
  assert.deepEqual(amrOf(undefined), ['pwd']);
  assert.deepEqual(amrOf('totp'), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(amrOf('recovery_code'), ['pwd', 'mfa']);
  assert.equal(acrOf(amrOf(undefined)), 'urn:sallyport:acr:pwd');
  assert.equal(acrOf(amrOf('totp')), 'urn:sallyport:acr:mfa');
  assert.equal(acrOf(amrOf('recovery_code')), 'urn:sallyport:acr:mfa');
});
