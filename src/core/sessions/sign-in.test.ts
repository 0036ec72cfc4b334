import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MfaDemand } from '#core/people/policy.ts';
import { isSkippable, type SignInState, signInMethods, stateAfterPassword } from './sign-in.ts';

const NOW = 1_800_000_000;
const DAY = 24 * 60 * 60;
const NONE: MfaDemand = { kind: 'none' };
const OFFERED: MfaDemand = { kind: 'offered' };
const OFFERED_UNTIL: MfaDemand = { kind: 'offered', deadlineAt: NOW + DAY };
const REQUIRED: MfaDemand = { kind: 'required' };

test('asks everyone with an authenticator, whatever the policy and whatever was skipped', () => {
  for (const demand of [NONE, OFFERED, OFFERED_UNTIL, REQUIRED]) {
    assert.equal(stateAfterPassword({ demand, mfa: 'enrolled', skippedAt: NOW }, NOW), 'second_factor_required');
  }
});

test('without an authenticator the policy decides', () => {
  assert.equal(stateAfterPassword({ demand: NONE, mfa: 'none' }, NOW), 'complete');
  assert.equal(stateAfterPassword({ demand: OFFERED, mfa: 'none' }, NOW), 'enrollment_offered');
  assert.equal(stateAfterPassword({ demand: OFFERED_UNTIL, mfa: 'none' }, NOW), 'enrollment_offered');
  assert.equal(stateAfterPassword({ demand: REQUIRED, mfa: 'none' }, NOW), 'enrollment_required');
});

test('after a reset with an access code a new set-up is asked for, whatever the policy and whatever was skipped', () => {
  for (const demand of [NONE, OFFERED, OFFERED_UNTIL, REQUIRED]) {
    const person = { demand, mfa: 'awaits_access_code', skippedAt: NOW } as const;
    assert.equal(stateAfterPassword(person, NOW), 'enrollment_required');
  }
});

test('"Not now" holds for thirty days where MFA is optional', () => {
  const at = (skippedAt: number) => stateAfterPassword({ demand: OFFERED, mfa: 'none', skippedAt }, NOW);
  assert.equal(at(NOW - 30 * DAY + 1), 'complete');
  assert.equal(at(NOW - 30 * DAY), 'enrollment_offered');
});

test('"Not now" holds for one sign-in where there is a date, and never where MFA is required', () => {
  const after = (demand: MfaDemand) => stateAfterPassword({ demand, mfa: 'none', skippedAt: NOW - 1 }, NOW);
  assert.equal(after(OFFERED_UNTIL), 'enrollment_offered');
  assert.equal(after(REQUIRED), 'enrollment_required');
});

test('only an offer can be skipped', () => {
  const states: SignInState[] = ['complete', 'enrollment_offered', 'enrollment_required', 'second_factor_required'];
  assert.deepEqual(states.filter(isSkippable), ['enrollment_offered']);
});

test('lists what works now, and nothing where no second factor is asked for', () => {
  const methods = (state: SignInState, totp: boolean, recoveryCodesLeft: number) =>
    signInMethods({ state, kinds: ['totp'], totp, passkey: true, recoveryCodesLeft });
  assert.deepEqual(methods('second_factor_required', true, 3), ['totp', 'recovery_code']);
  assert.deepEqual(methods('second_factor_required', true, 0), ['totp']);
  assert.deepEqual(methods('second_factor_required', false, 1), ['recovery_code']);
  assert.deepEqual(methods('second_factor_required', false, 0), []);
  assert.deepEqual(methods('enrollment_required', true, 3), []);
  assert.deepEqual(methods('enrollment_offered', true, 3), []);
  assert.deepEqual(methods('complete', true, 3), []);
});

test('lists the kind to ask for first in front, and no kind that is paused or not allowed', () => {
  const both = { state: 'second_factor_required', kinds: ['passkey', 'totp'], recoveryCodesLeft: 1 } as const;
  assert.deepEqual(signInMethods({ ...both, totp: true, passkey: true }), ['passkey', 'totp', 'recovery_code']);
  assert.deepEqual(signInMethods({ ...both, totp: true, passkey: false }), ['totp', 'recovery_code']);
  assert.deepEqual(signInMethods({ ...both, kinds: ['passkey'], totp: true, passkey: true }), [
    'passkey',
    'recovery_code',
  ]);
});
