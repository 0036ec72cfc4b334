import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Decider, isSecondPerson } from './permissions.ts';

const NOW = 1_800_000_000;
const DAY = 24 * 60 * 60;
const ROBIN: Decider = { id: 'robin', createdBy: undefined, createdAt: 0 };
const CHRIS: Decider = { id: 'chris', createdBy: undefined, createdAt: 0 };

test('two people are two people, and one is none', () => {
  assert.equal(isSecondPerson(ROBIN, CHRIS, NOW), true);
  assert.equal(isSecondPerson(ROBIN, { ...ROBIN }, NOW), false);
});

test('an account that one of the two has made is no second person for 30 days, no matter who asks', () => {
  const made = { ...CHRIS, createdBy: 'robin', createdAt: NOW - 30 * DAY + 1 };
  assert.equal(isSecondPerson(ROBIN, made, NOW), false);
  assert.equal(isSecondPerson(made, ROBIN, NOW), false);
  assert.equal(isSecondPerson(ROBIN, made, NOW + 1), true);
  assert.equal(isSecondPerson({ ...ROBIN, id: 'sam' }, made, NOW), true, 'made by somebody else');
});
