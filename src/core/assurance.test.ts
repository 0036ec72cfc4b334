import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acrOf, amrOf } from './assurance.ts';

test('states how a person proved who they are, and the level that it amounts to', () => {
  assert.deepEqual(amrOf(undefined), ['pwd']);
  assert.deepEqual(amrOf('totp'), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(amrOf('recovery_code'), ['pwd', 'mfa']);
  assert.equal(acrOf(amrOf(undefined)), 'aal1');
  assert.equal(acrOf(amrOf('totp')), 'aal2');
  assert.equal(acrOf(amrOf('recovery_code')), 'aal2');
});
