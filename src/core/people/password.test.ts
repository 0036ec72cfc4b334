import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkPassword, minimumPasswordLength, normalizePassword, type PasswordRule } from './password.ts';

const RULE: PasswordRule = { minimumLength: 12, ownWords: [], isCommon: () => false };

function reasonFor(password: string, rule: Partial<PasswordRule> = {}) {
  return checkPassword(password, { ...RULE, ...rule })?.reason;
}

test('fifteen characters are needed, twelve where a second factor is enforced', () => {
  assert.equal(minimumPasswordLength(false), 15);
  assert.equal(minimumPasswordLength(true), 12);
});

test('a password is as long as its code points, after composing', () => {
  assert.equal(reasonFor('x'.repeat(11)), 'too_short');
  assert.equal(reasonFor('x'.repeat(12)), undefined);
  assert.equal(reasonFor('😀'.repeat(11)), 'too_short');
  assert.equal(reasonFor('😀'.repeat(12)), undefined);
  assert.equal(reasonFor('e\u0301'.repeat(11)), 'too_short');
  assert.equal(reasonFor(''), 'too_short');
});

test('a password has up to 1,024 bytes, counted as typed: composing comes after', () => {
  assert.equal(reasonFor('é'.repeat(512)), undefined);
  assert.equal(reasonFor(`${'é'.repeat(512)}x`), 'too_long');
  assert.equal(reasonFor('e\u0301'.repeat(341)), undefined);
  assert.equal(reasonFor('e\u0301'.repeat(342)), 'too_long');
  assert.equal(normalizePassword('e\u0301'.repeat(342)), undefined);
  assert.equal(reasonFor('x'.repeat(60_000)), 'too_long');
});

test('the composed and the decomposed form are one password, and spaces are kept', () => {
  assert.equal(normalizePassword('cafe\u0301'), 'caf\u00e9');
  assert.equal(normalizePassword('  two  spaces '), '  two  spaces ');
  assert.notEqual(normalizePassword('ﬁ'), normalizePassword('fi'));
});

test('a lone surrogate is refused instead of becoming another password', () => {
  assert.equal(normalizePassword('\ud800'), undefined);
  assert.deepEqual(checkPassword(`${'x'.repeat(12)}\udc00`, RULE), { refused: 'invalid_request' });
});

test('a common password is asked for in its composed form and refused', () => {
  const rule = { isCommon: (password: string) => password === 'éééééééééééé' };
  assert.deepEqual(checkPassword('e\u0301'.repeat(12), { ...RULE, ...rule }), {
    refused: 'password_unacceptable',
    reason: 'common',
  });
});

test('a password made of own words is refused, with fewer than six other characters beside them', () => {
  const ownWords = ['Partner Interface', 'Acme Telecom', 'acme-telecom', 'Jane Doe', 'jane.doe@acme.example'];
  const refused = [
    'AcmeTelecom2026!',
    'acme-telecom-acme',
    'Jane.Doe.Jane.Doe',
    'partnerinterface',
    'JANEacme12345',
    'interface partner',
    'jane.doe@acme.example',
    'ＡｃｍｅＴｅｌｅｃｏｍ１',
  ];
  for (const password of refused) assert.equal(reasonFor(password, { ownWords }), 'own_words', password);
});

test('both sides of the email are own words, each with and without its dots', () => {
  const ownWords = ['jane.doe@acme.example'];
  for (const password of ['JaneDoe-JaneDoe', 'acmeexample12', 'example.jane.acme']) {
    assert.equal(reasonFor(password, { ownWords }), 'own_words', password);
  }
});

test('own words with six other characters beside them are good, and short ones do not count', () => {
  const ownWords = ['Acme Telecom', 'Bo', 'bo@acme.example'];
  for (const password of [
    'AcmeTelecomq7wz2k',
    'correct horse battery staple',
    'bobobobobobobo',
    '------------------',
  ]) {
    assert.equal(reasonFor(password, { ownWords }), undefined, password);
  }
});

test('normalizing twice is normalizing once', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('e', '\u0301', '\u0323', 'é', '\u212b', 'ﬁ', '가', '\u11a8', '\ud83d', '\ude00'),
      }),
      (password) => {
        const once = normalizePassword(password);
        assert.equal(once === undefined ? undefined : normalizePassword(once), once);
      },
    ),
  );
});
