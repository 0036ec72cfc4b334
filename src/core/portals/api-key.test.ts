import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isApiKeyShaped, isScope, newApiKey, SCOPES } from './api-key.ts';

test('a key tells what it is, has 256 random bits, and no two are alike', () => {
  const drawn: number[] = [];
  const key = newApiKey((size) => {
    drawn.push(size);
    return randomBytes(size);
  });
  assert.match(key, /^sp_[\w-]{49}$/);
  assert.deepEqual(drawn, [32]);
  assert.notEqual(key, newApiKey(randomBytes));
});

test('a key is made as it was when the first ones were handed out', () => {
  const key = newApiKey((size) => Buffer.alloc(size, 7));
  assert.equal(key, 'sp_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcj9reC-');
  assert.ok(isApiKeyShaped(key));
});

test('no key with one letter changed is taken for one', () => {
  const key = newApiKey(randomBytes);
  const change = fc.tuple(fc.nat(key.length - 1), fc.constantFrom(...'ABCxyz019_-.'));
  fc.assert(
    fc.property(change, ([at, letter]) => {
      fc.pre(key[at] !== letter);
      assert.ok(!isApiKeyShaped(`${key.slice(0, at)}${letter}${key.slice(at + 1)}`));
    }),
  );
});

test('whatever else comes as a token is no key', () => {
  const key = newApiKey(randomBytes);
  for (const text of [
    undefined,
    '',
    'sp_',
    key.slice(3),
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    key.toUpperCase(),
    `${key}A`,
  ])
    assert.ok(!isApiKeyShaped(text), String(text));
  fc.assert(fc.property(fc.string(), (text) => !isApiKeyShaped(text)));
});

test('a scope is one of the list, letter by letter', () => {
  for (const scope of SCOPES) assert.ok(isScope(scope) && !isScope(scope.toUpperCase()) && !isScope(`${scope} `));
  for (const text of ['', '*', 'users', 'users:*', 'partners:read partners:write', 'toString'])
    assert.ok(!isScope(text), text);
});
