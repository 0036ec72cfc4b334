import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffSeconds, MAIL_BACKOFF } from './backoff.ts';

test('each wait is four times the one before, up to a quarter of an hour', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 400].map((tries) => backoffSeconds(MAIL_BACKOFF, tries)),
    [15, 60, 240, 900, 900, 900],
  );
});
