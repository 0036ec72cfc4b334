import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOneTimeCode, readRecoveryCode } from './typed-code.ts';

test('each field reads its own code', () => {
  assert.equal(readOneTimeCode('123 456'), '123456');
  assert.equal(readRecoveryCode(' t0j1-9k2m-4npq-rsvz '), 'T0J19K2M4NPQRSVZ');
});

test('a code in the wrong field is recognised by its shape', () => {
  const malformed = 'invalid_request';
  assert.deepEqual(readOneTimeCode(' t0j1-9k2m-4npq-rsvz '), {
    refused: malformed,
    reason: 'looks_like_recovery_code',
  });
  assert.deepEqual(readRecoveryCode('123 456'), { refused: malformed, reason: 'looks_like_one_time_code' });
});

test('what is neither, or nothing, is malformed and no more', () => {
  for (const typed of ['', '12345', 'hello', undefined]) {
    assert.deepEqual(readOneTimeCode(typed), { refused: 'invalid_request' });
    assert.deepEqual(readRecoveryCode(typed), { refused: 'invalid_request' });
  }
});
