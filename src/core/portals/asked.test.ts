import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedOf, HINTED_SUB, isMaxAge, isPrompt, MAX_AGE, PROMPT } from './asked.ts';

test('asks for nothing where a request asks for nothing', () => {
  const nothing = { prompts: new Set(), maxAgeSeconds: undefined, acrValues: [], hintedSub: undefined };
  assert.deepEqual(askedOf({}), nothing);
  assert.deepEqual(askedOf({ acr_values: '', claims: '{}' }), nothing);
});

test('reads prompts, an age and whom the client expects', () => {
  const asked = askedOf({ [PROMPT]: 'consent select_account', [MAX_AGE]: '300', [HINTED_SUB]: 'ana' });
  assert.deepEqual(asked.prompts, new Set(['consent', 'select_account']));
  assert.equal(asked.maxAgeSeconds, 300);
  assert.equal(asked.hintedSub, 'ana');
});

test('`max_age=0` is `prompt=login`, however it is written', () => {
  for (const zero of ['0', '00']) {
    const { prompts, maxAgeSeconds } = askedOf({ [MAX_AGE]: zero });
    assert.deepEqual(prompts, new Set(['login']));
    assert.equal(maxAgeSeconds, undefined);
  }
});

test('takes classes from `acr_values` and from an essential claim of the ID token', () => {
  const acrOf = (acr: unknown) => askedOf({ claims: JSON.stringify({ id_token: { acr } }) }).acrValues;
  assert.deepEqual(askedOf({ acr_values: 'a  b' }).acrValues, ['a', 'b']);
  assert.deepEqual(acrOf({ essential: true, values: ['a', 'b'] }), ['a', 'b']);
  assert.deepEqual(acrOf({ essential: true, value: 'a' }), ['a']);
  assert.deepEqual(acrOf({ essential: true, values: ['a', 1, null] }), ['a']);
});

test('a voluntary claim, an essential one without values and one of userinfo ask for nothing', () => {
  for (const claims of [
    { id_token: { acr: { values: ['a'] } } },
    { id_token: { acr: { essential: 'true', values: ['a'] } } },
    { id_token: { acr: { essential: true } } },
    { id_token: { acr: null } },
    { id_token: null },
    { userinfo: { acr: { essential: true, values: ['a'] } } },
  ]) {
    assert.deepEqual(askedOf({ claims: JSON.stringify(claims) }).acrValues, [], JSON.stringify(claims));
  }
});

test('knows the prompts of the protocol, and `none` by itself alone', () => {
  for (const good of ['none', 'login', 'consent', 'select_account', 'login consent']) assert.ok(isPrompt(good), good);
  for (const bad of ['', 'create', 'none login', 'login none', 'Login', 'login ']) assert.ok(!isPrompt(bad), bad);
});

test('an age is a whole number that is not negative', () => {
  for (const good of ['0', '300', '9999999999']) assert.ok(isMaxAge(good), good);
  for (const bad of ['', '-1', '1.5', '1e3', ' 1', '99999999999', 'x']) assert.ok(!isMaxAge(bad), bad);
});
