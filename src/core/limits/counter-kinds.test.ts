import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attemptCounter,
  countersToUnlock,
  keysOf,
  keysOfFactors,
  renamedEmail,
  splitAttemptCounter,
} from './counter-kinds.ts';
import { RULES } from './throttle.ts';

test('a counter has the rule of its kind, and a key that names kind and owner', () => {
  assert.deepEqual(attemptCounter('link', 'l1'), { key: 'link:l1', rule: RULES.linkPasswords });
  assert.deepEqual(splitAttemptCounter('code', 'a1', 'd1'), { key: 'code:a1:d1', rule: RULES.oneTimeCode });
  assert.equal(splitAttemptCounter('code', 'a1', undefined).key, 'code:a1:unknown');
});

test('an authenticator that is removed takes its codes on every device and its warnings along, and nothing else', () => {
  assert.deepEqual(keysOf({ authenticator: ['a1'] }), {
    keys: ['mail-sign_in_paused:a1', 'mail-authenticator_disabled:a1'],
    prefixes: ['code:a1:'],
  });
});

test('a reset of MFA clears the tries at each second factor and all that belongs to the authenticator, and nothing else', () => {
  const owners = { person: ['p1'], authenticator: ['a1'], device: ['d1'], email: ['e1'], link: ['l1'] };
  assert.deepEqual(keysOfFactors(owners), {
    keys: ['mail-sign_in_paused:a1', 'mail-authenticator_disabled:a1'],
    prefixes: ['code:a1:', 'recovery:p1:', 'passkey:p1:'],
  });
});

test('an unlock clears what keeps a person out, on known devices and all others', () => {
  const owners = { person: ['p1'], authenticator: ['a1'], device: ['d1'], email: ['e1'], link: ['l1'] };
  const keys = countersToUnlock(owners).map(({ key }) => key);
  assert.deepEqual(keys, [
    ...['code:a1:unknown', 'code:a1:d1', 'recovery:p1:unknown', 'recovery:p1:d1'],
    ...['passkey:p1:unknown', 'passkey:p1:d1'],
    ...['password-device:d1', 'password:e1', 'new-pending:p1', 'recovery-draws:p1'],
  ]);
});

test('an email goes by another keyed hash in every one of its counters', () => {
  const renamed = renamedEmail('old', 'new');
  for (const { from, to } of renamed) assert.equal(from.replace(/:old$/, ':new'), to);
  assert.deepEqual(
    renamed.map(({ from }) => from.replace(/:old$/, '')),
    [
      ...['password', 'reset-mail', 'mail-password', 'mailed-resets', 'mailed-invitations', 'mailed-confirmations'],
      ...['mailed-changes', 'mailed-notices', 'mailed-tests', 'mailed-digests'],
    ],
  );
});
