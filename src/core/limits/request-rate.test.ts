import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Allowance, takeRequest } from './request-rate.ts';

test('never more than 120 at once and 10 a second, however they come', () => {
  const gaps = fc.array(fc.nat(20), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(gaps, (waits) => {
      let allowance: Allowance | undefined;
      let [now, accepted] = [1_000, 0];
      for (const wait of waits) {
        now += wait > 15 ? wait - 15 : 0;
        const taken = takeRequest(allowance, now);
        allowance = taken.allowance;
        if (taken.retryAfterSeconds === undefined) accepted += 1;
      }
      assert.ok(accepted <= 120 + (now - 1_000) * 10);
    }),
  );
});

test('a caller that waits as long as Retry-After says is let through, and being refused costs nothing', () => {
  let allowance: Allowance | undefined;
  for (let sent = 0; sent < 500; sent++) allowance = takeRequest(allowance, 1_000).allowance;
  const refused = takeRequest(allowance, 1_000);
  assert.equal(refused.retryAfterSeconds, 1);
  assert.equal(takeRequest(refused.allowance, 1_001).retryAfterSeconds, undefined);
});

test('a clock that goes back takes nothing away', () => {
  const { allowance } = takeRequest({ left: 5, at: 1_000 }, 900);
  assert.deepEqual(allowance, { left: 4, at: 900 });
});
