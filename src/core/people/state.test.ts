import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PersonFacts, personState, shutOutBecause } from './state.ts';

const ACTIVE: PersonFacts = { disabledAt: undefined, archivedAt: undefined, sealedPassword: 'x' };

test('a person is invited until there is a password, and disabled with their partner too', () => {
  assert.equal(personState(ACTIVE), 'active');
  assert.equal(personState({ ...ACTIVE, sealedPassword: undefined }), 'invited');
  assert.equal(personState({ ...ACTIVE, disabledAt: 1 }), 'disabled');
  assert.equal(personState({ ...ACTIVE, archivedAt: 1 }), 'disabled');
  assert.equal(personState({ disabledAt: 1, archivedAt: 1, sealedPassword: undefined }), 'disabled');
});

test('a row of the database says the same with null', () => {
  assert.equal(personState({ disabledAt: null, archivedAt: null, sealedPassword: null }), 'invited');
  assert.equal(personState({ disabledAt: null, archivedAt: null, sealedPassword: 'x' }), 'active');
});

test('what shuts somebody out is named, the partner before the person', () => {
  assert.equal(shutOutBecause(ACTIVE), undefined);
  assert.equal(shutOutBecause({ disabledAt: 1, archivedAt: undefined }), 'user_disabled');
  assert.equal(shutOutBecause({ disabledAt: 1, archivedAt: 2 }), 'partner_archived');
});
