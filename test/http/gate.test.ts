import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate } from '#ui/parts/gate.ts';

const STEPS = {
  'no step is under way': undefined,
  'the password is asked for': { first: 'here', second: 'ahead', label: '' },
  'the code is asked for': { first: 'open', second: 'here', label: '' },
  'both are proven': { first: 'open', second: 'open', label: '' },
} as const;

/** Leaves and handles: a closed gate has two leaves, a half open one has one. The outer gate alone has handles. */
const DRAWN: Readonly<Record<keyof typeof STEPS, { readonly leaves: number; readonly handles: number }>> = {
  'no step is under way': { leaves: 4, handles: 2 },
  'the password is asked for': { leaves: 3, handles: 1 },
  'the code is asked for': { leaves: 1, handles: 0 },
  'both are proven': { leaves: 0, handles: 0 },
};

for (const [when, drawn] of Object.entries(DRAWN)) {
  test(`the gate is drawn as far open as the person has come: ${when}`, () => {
    const picture = String(gate(STEPS[when as keyof typeof STEPS]));
    assert.equal(picture.match(/class="leaf"/g)?.length ?? 0, drawn.leaves);
    assert.equal(picture.match(/class="handle"/g)?.length ?? 0, drawn.handles);
    assert.match(picture, /^<div class="gate" aria-hidden="true">/);
    assert.ok(picture.length < 2_000, `${picture.length} characters`);
  });
}
