import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthenticatorKind, factorsFrom, firstKind, freeSlot, MAX_APPS, MAX_AUTHENTICATORS } from './factors.ts';

type Of<K extends AuthenticatorKind> = { kind?: K; budgetId?: string; lastUsedAt?: number };

function factor<K extends AuthenticatorKind = 'totp'>(id: string, slot: number, of: Of<K> = {}) {
  const { kind = 'totp', budgetId = id, lastUsedAt } = of;
  return { id, slot, kind, budgetId, createdAt: 100 + slot, lastUsedAt } as const;
}

test('a person without an authenticator has no factors', () => {
  assert.equal(factorsFrom([]), undefined);
});

test('all authenticators of a person share one budget of tries, also when an older version gave one of them its own', () => {
  const shared = { budgetId: 'a' };
  assert.equal(factorsFrom([factor('a', 1), factor('b', 2, shared)])?.budgetId, 'a');
  assert.equal(factorsFrom([factor('a', 1), factor('b', 2)])?.budgetId, 'a');
  assert.equal(factorsFrom([factor('b', 2, shared)])?.budgetId, 'a');
  assert.equal(factorsFrom([factor('p', 1, { kind: 'passkey' }), factor('b', 1, { budgetId: 'p' })])?.budgetId, 'p');
});

test('a person is enrolled since the oldest authenticator', () => {
  assert.equal(factorsFrom([factor('b', 2), factor('a', 1)])?.enrolledAt, 101);
});

test('a new app takes the lowest free slot, and there are three', () => {
  const slotAfter = (...slots: number[]) =>
    freeSlot(factorsFrom(slots.map((slot) => factor(`app ${slot}`, slot))), 'totp');
  assert.equal(MAX_APPS, 3);
  assert.deepEqual([slotAfter(), slotAfter(1), slotAfter(2), slotAfter(1, 3)], [1, 2, 1, 2]);
  assert.equal(slotAfter(1, 2, 3), undefined);
});

test('passkeys have slots of their own, and there are ten authenticators in all', () => {
  const passkeys = (count: number) =>
    Array.from({ length: count }, (_, index) => factor(`passkey ${index}`, index + 1, { kind: 'passkey' }));
  const apps = [factor('app 1', 1), factor('app 2', 2)];
  assert.equal(MAX_AUTHENTICATORS, 10);
  assert.equal(freeSlot(factorsFrom([...apps, ...passkeys(7)]), 'passkey'), 8);
  assert.equal(freeSlot(factorsFrom([...apps, ...passkeys(7)]), 'totp'), 3);
  assert.equal(freeSlot(factorsFrom([...apps, ...passkeys(8)]), 'passkey'), undefined);
  assert.equal(freeSlot(factorsFrom([...apps, ...passkeys(8)]), 'totp'), undefined);
});

test('the kind used last is asked for first, and an app where nothing was used', () => {
  const app = (lastUsedAt?: number) => factor('a', 1, lastUsedAt === undefined ? {} : { lastUsedAt });
  const key = (lastUsedAt?: number) => {
    return factor('k', 1, { kind: 'passkey', ...(lastUsedAt !== undefined && { lastUsedAt }) });
  };
  assert.equal(firstKind({ all: [app(5), key(9)] }), 'passkey');
  assert.equal(firstKind({ all: [app(9), key(5)] }), 'totp');
  assert.equal(firstKind({ all: [key(), app()] }), 'totp');
  assert.equal(firstKind({ all: [key()] }), 'passkey');
});
