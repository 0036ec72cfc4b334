import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PersonFacts, personState, shutOutBecause } from './state.ts';

type Flat = {
  readonly disabledAt: number | null | undefined;
  readonly archivedAt: number | null | undefined;
  readonly sealedPassword: string | null | undefined;
};

const ACTIVE: Flat = { disabledAt: undefined, archivedAt: undefined, sealedPassword: 'x' };

function person({ disabledAt, archivedAt, sealedPassword }: Flat): PersonFacts {
  return { user: { disabledAt, sealedPassword }, partner: { archivedAt } };
}

test('a person is invited until there is a password, and disabled with their partner too', () => {
  assert.equal(personState(person(ACTIVE)), 'active');
  assert.equal(personState(person({ ...ACTIVE, sealedPassword: undefined })), 'invited');
  assert.equal(personState(person({ ...ACTIVE, disabledAt: 1 })), 'disabled');
  assert.equal(personState(person({ ...ACTIVE, archivedAt: 1 })), 'disabled');
  assert.equal(personState(person({ disabledAt: 1, archivedAt: 1, sealedPassword: undefined })), 'disabled');
});

test('a row of the database says the same with null', () => {
  assert.equal(personState(person({ disabledAt: null, archivedAt: null, sealedPassword: null })), 'invited');
  assert.equal(personState(person({ disabledAt: null, archivedAt: null, sealedPassword: 'x' })), 'active');
});

test('a member of staff has no partner that could be archived', () => {
  assert.equal(personState({ user: { disabledAt: undefined, sealedPassword: 'x' }, partner: undefined }), 'active');
  assert.equal(personState({ user: { disabledAt: 1, sealedPassword: 'x' }, partner: undefined }), 'disabled');
});

test('what shuts somebody out is named, the partner before the person', () => {
  assert.equal(shutOutBecause(person(ACTIVE)), undefined);
  assert.equal(shutOutBecause(person({ ...ACTIVE, disabledAt: 1 })), 'user_disabled');
  assert.equal(shutOutBecause(person({ ...ACTIVE, disabledAt: 1, archivedAt: 2 })), 'partner_archived');
});
