import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mfaDemand } from './policy.ts';

const NOW = 1_800_000_000;

test('asks for nothing while the policy is off, and offers while it is optional', () => {
  assert.deepEqual(mfaDemand({ policy: 'off' }, 'member', NOW), { kind: 'none' });
  assert.deepEqual(mfaDemand({ policy: 'optional' }, 'manager', NOW), { kind: 'offered' });
});

test('requires from the first second of the date, and offers with the date until then', () => {
  const partner = { policy: 'required', requiredFrom: NOW } as const;
  assert.deepEqual(mfaDemand(partner, 'member', NOW - 1), { kind: 'offered', deadlineAt: NOW });
  assert.deepEqual(mfaDemand(partner, 'member', NOW), { kind: 'required' });
  assert.deepEqual(mfaDemand({ policy: 'required' }, 'member', NOW), { kind: 'required' });
});

test('a date left over under another policy means nothing', () => {
  assert.deepEqual(mfaDemand({ policy: 'off', requiredFrom: NOW - 1 }, 'member', NOW), { kind: 'none' });
  assert.deepEqual(mfaDemand({ policy: 'optional', requiredFrom: NOW + 1 }, 'member', NOW), { kind: 'offered' });
});

test('staff, and a user without a partner, always need MFA', () => {
  for (const role of ['csm', 'admin'] as const) {
    assert.deepEqual(mfaDemand(undefined, role, NOW), { kind: 'required' });
    assert.deepEqual(mfaDemand({ policy: 'off' }, role, NOW), { kind: 'required' });
  }
  assert.deepEqual(mfaDemand(undefined, 'member', NOW), { kind: 'required' });
});
