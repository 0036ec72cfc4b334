import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExempt, mfaDemand, secondFactorFrom } from './policy.ts';

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

test('an exempt person is asked for nothing until the last second of it, and then like everybody', () => {
  for (const partner of [{ policy: 'required' }, { policy: 'optional' }] as const) {
    assert.deepEqual(mfaDemand(partner, 'member', NOW - 1, NOW), { kind: 'none' });
    assert.deepEqual(mfaDemand(partner, 'member', NOW, NOW), mfaDemand(partner, 'member', NOW));
  }
  const later = { policy: 'required', requiredFrom: NOW + 9 } as const;
  assert.deepEqual(mfaDemand(later, 'manager', NOW, NOW + 1), { kind: 'none' });
  assert.deepEqual(mfaDemand(later, 'manager', NOW + 1, NOW + 1), { kind: 'offered', deadlineAt: NOW + 9 });
  assert.equal(isExempt(undefined, NOW), false);
});

test('no exemption spares staff', () => {
  assert.deepEqual(mfaDemand(undefined, 'csm', NOW, NOW + 99), { kind: 'required' });
  assert.deepEqual(mfaDemand({ policy: 'off' }, 'admin', NOW, NOW + 99), { kind: 'required' });
});

test('a session of the password alone lives until the date or the end of the exemption, whichever is later', () => {
  assert.equal(secondFactorFrom({ policy: 'required', requiredFrom: 5 }, undefined), 5);
  assert.equal(secondFactorFrom({ policy: 'required' }, 7), 7);
  assert.equal(secondFactorFrom({ policy: 'required', requiredFrom: 5 }, 7), 7);
  assert.equal(secondFactorFrom({ policy: 'required', requiredFrom: 9 }, 7), 9);
  assert.equal(secondFactorFrom({ policy: 'required' }, undefined), undefined);
  for (const policy of ['off', 'optional'] as const) {
    assert.equal(secondFactorFrom({ policy, requiredFrom: 5 }, 7), undefined);
  }
  assert.equal(secondFactorFrom(undefined, 7), undefined);
});
