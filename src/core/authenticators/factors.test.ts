import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factorsFrom, freeSlot, MAX_APPS } from './factors.ts';

const app = (id: string, slot: number, budgetId = id) => ({ id, slot, budgetId, createdAt: 100 + slot });

test('a person without an app has no factors', () => {
  assert.equal(factorsFrom([]), undefined);
});

test('all apps of a person share one budget of tries, also when an older version gave one of them its own', () => {
  assert.equal(factorsFrom([app('a', 1), app('b', 2, 'a')])?.budgetId, 'a');
  assert.equal(factorsFrom([app('a', 1), app('b', 2)])?.budgetId, 'a');
  assert.equal(factorsFrom([app('b', 2, 'a')])?.budgetId, 'a');
});

test('a person is enrolled since the oldest app', () => {
  assert.equal(factorsFrom([app('b', 2), app('a', 1)])?.enrolledAt, 101);
});

test('a new app takes the lowest free slot, and there are three', () => {
  const slotAfter = (...slots: number[]) => freeSlot(factorsFrom(slots.map((slot) => app(`app ${slot}`, slot))));
  assert.equal(MAX_APPS, 3);
  assert.deepEqual([slotAfter(), slotAfter(1), slotAfter(2), slotAfter(1, 3)], [1, 2, 1, 2]);
  assert.equal(slotAfter(1, 2, 3), undefined);
});
