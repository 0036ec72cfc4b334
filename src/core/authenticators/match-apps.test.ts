import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchApps } from './match-apps.ts';
import { codesOf, stepAt } from './totp.ts';

const NOW = 1_800_000_007;
const STEP = stepAt(NOW);

const app = (name: string, lastUsedStep = -1) => ({ name, secret: Buffer.alloc(20, name), lastUsedStep });
const codeOf = (name: string, ahead = 0) => codesOf(Buffer.alloc(20, name))(STEP + ahead);
const match = (code: string, ...apps: [ReturnType<typeof app>, ...ReturnType<typeof app>[]]) =>
  matchApps(apps, code, 1, NOW);

test('a code of any app is accepted, and says of which', () => {
  for (const name of ['a', 'b', 'c']) {
    const found = match(codeOf(name), app('a'), app('b'), app('c'));
    assert.deepEqual(found.kind === 'accepted' && [found.app.name, found.step], [name, STEP]);
  }
});

test('a step that one app has used is free for the other', () => {
  const found = match(codeOf('b'), app('a', STEP), app('b', STEP - 1));
  assert.deepEqual(found.kind === 'accepted' && [found.app.name, found.step], ['b', STEP]);
});

test('a code that one app has used is refused as used, though the other does not know it', () => {
  for (const apps of [[app('a', STEP), app('b')] as const, [app('b'), app('a', STEP)] as const]) {
    const found = match(codeOf('a'), ...apps);
    assert.deepEqual(found, { kind: 'refused', match: { kind: 'already_used', nextCodeInSeconds: 23 }, refused: [] });
  }
});

test('an expired code is remembered for its own app alone', () => {
  const found = match(codeOf('b', -4), app('a'), app('b'));
  assert(found.kind === 'refused');
  assert.deepEqual(found.match, { kind: 'expired', step: STEP - 4, ageSeconds: 97 });
  assert.deepEqual(
    found.refused.map((one) => [one.app.name, one.refused]),
    [['b', { step: STEP - 4, offsetSteps: -4, at: NOW }]],
  );
});

test('a code of no app is incorrect, and nothing is remembered', () => {
  assert.deepEqual(match(codeOf('z'), app('a'), app('b')), {
    kind: 'refused',
    match: { kind: 'incorrect' },
    refused: [],
  });
});
