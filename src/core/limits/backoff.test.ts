import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffSeconds } from './backoff.ts';

test('each wait is four times the one before, up to a quarter of an hour', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 400].map(backoffSeconds), [15, 60, 240, 900, 900, 900]);
});
