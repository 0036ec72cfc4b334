import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCounter, relyingPartyId } from './passkey.ts';

test('the relying party id is the host name, and an IP address has none', () => {
  assert.equal(relyingPartyId('sign-in.example.com'), 'sign-in.example.com');
  assert.equal(relyingPartyId('localhost'), 'localhost');
  assert.equal(relyingPartyId('127.0.0.1'), undefined);
  assert.equal(relyingPartyId('[::1]'), undefined);
});

test('a counter that goes back is refused for a key bound to its device, and noted for a synced one', () => {
  const bound = { counter: 5, isSynced: false };
  assert.equal(checkCounter(bound, 6), 'fine');
  assert.equal(checkCounter(bound, 5), 'refused');
  assert.equal(checkCounter(bound, 0), 'refused');
  assert.equal(checkCounter({ counter: 0, isSynced: false }, 0), 'fine');
  assert.equal(checkCounter({ counter: 5, isSynced: true }, 4), 'went_back');
  assert.equal(checkCounter({ counter: 5, isSynced: true }, 0), 'went_back');
});
