import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { isCommonPassword, loadCommonPasswords, repeatedUnit } from '#crypto/common-passwords.ts';

let isCommon: (password: string) => boolean;

before(async () => {
  isCommon = await loadCommonPasswords();
});

test('long passwords that many people have are common', () => {
  const common = [
    'passwordpassword',
    '1234567890123456',
    'qwertyuiopasdfgh',
    'Password1234567!',
    'P@ssw0rdP@ssw0rd',
    'password password',
    'password1password1',
    'password-password',
    'qazwsxedcrfvtgb',
    '1qaz2wsx3edc4rfv',
    'q1w2e3r4t5y6u7i8',
    'QWERTZUIOPASDFGH',
    'aaaaaaaaaaaaaaaa',
    'abcdefghijklmnop',
    'zyxwvutsrqponmlkj',
    '9876543210987654',
    'abc123abc123abc123',
    '111222333444555',
    '!@#$%^&*()!@#$%^',
    'iloveyou12345678',
    'sunshinesunshine!',
    '2026Sommer!!!!!!',
    'abzxabzxabzxabzx',
    '               ',
    'letmeinletmein1',
    'Congratulations',
    'Herzlichen12345',
  ];
  for (const password of common) assert.ok(isCommon(password), password);
});

test('passphrases, random passwords and random digits are not common', () => {
  const good = [
    'correct horse battery staple',
    'Wandern im Regen macht müde',
    'vK9#tq2Lw8mZ',
    'xkjd mwpq ovnb tzre',
    '83920174650192837',
    'tiny purple kangaroo',
    '😀🐙🌵🎈🚲🍋🎻🦉⛵🧀🌋🎩',
    'Regenschirm im Koffer',
  ];
  for (const password of good) assert.ok(!isCommon(password), password);
});

test('six characters beside a sequence or row are enough', () => {
  assert.ok(isCommonPassword('kx7vm1234567890', new Set()));
  assert.ok(!isCommonPassword('kx7vmq1234567890', new Set()));
});

test('a word is found through case, leet, digits at its ends and repeats, and no other word is', () => {
  const words = new Set(['trustno1', 'dolphin', '147258369741']);
  for (const password of [
    'TrustNo1',
    'd0lph1n',
    'Dolphin!2026',
    '2026-dolphin',
    'D0lph1n2046',
    'dolphindolphindolph',
    '147258369741',
  ]) {
    assert.ok(isCommonPassword(password, words), password);
  }
  assert.ok(!isCommonPassword('dolphinwhale', words));
});

test('the longest password is judged in a moment', () => {
  const started = performance.now();
  isCommon(`${'ab'.repeat(511)}x`);
  isCommon('a'.repeat(1024));
  isCommon('qwertyuiop'.repeat(102));
  assert.ok(performance.now() - started < 250);
});

test('the repeated unit is the shortest one, as trying each length finds it', () => {
  const byTrying = (text: string) => {
    const lengths = Array.from({ length: Math.floor(text.length / 2) }, (_, index) => index + 1);
    return text.slice(0, lengths.find((length) => text.startsWith(text.slice(length))) ?? text.length);
  };
  for (const text of ['', 'a', 'aa', 'abab', 'ababa', 'abcab', 'aabaa', 'dolphindolphindolph']) {
    assert.equal(repeatedUnit(text), byTrying(text), text);
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 24 }), (text) =>
      assert.equal(repeatedUnit(text), byTrying(text)),
    ),
  );
});

test('the dictionaries are read once', () => {
  assert.equal(loadCommonPasswords(), loadCommonPasswords());
});
