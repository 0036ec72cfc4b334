import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatRecoveryCode, normalizeRecoveryCode, RECOVERY_CODE_BYTES } from './recovery-code.ts';

const CODE = 'T0J1-9K2M-4NPQ-RSVZ';
const PLAIN = 'T0J19K2M4NPQRSVZ';
const tenBytes = fc.uint8Array({ minLength: RECOVERY_CODE_BYTES, maxLength: RECOVERY_CODE_BYTES });

test('a recovery code is four groups of four Crockford characters, the bytes read from the left', () => {
  assert.equal(formatRecoveryCode(new Uint8Array(10)), '0000-0000-0000-0000');
  assert.equal(formatRecoveryCode(new Uint8Array(10).fill(255)), 'ZZZZ-ZZZZ-ZZZZ-ZZZZ');
  // The bits 00000 00001 00010 … 01111 give the first sixteen characters in order.
  assert.equal(formatRecoveryCode(Buffer.from('00443214c74254b635cf', 'hex')), '0123-4567-89AB-CDEF');
  assert.throws(() => formatRecoveryCode(new Uint8Array(9)));
});

test('every recovery code is understood as it is shown', () => {
  fc.assert(
    fc.property(tenBytes, (bytes) => {
      const shown = formatRecoveryCode(bytes);
      assert.match(shown, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
      assert.equal(normalizeRecoveryCode(shown), shown.replaceAll('-', ''));
    }),
  );
});

test('two different sets of bytes never make one recovery code', () => {
  fc.assert(
    fc.property(tenBytes, tenBytes, (a, b) => {
      assert.equal(formatRecoveryCode(a) === formatRecoveryCode(b), Buffer.compare(a, b) === 0);
    }),
  );
});

test('each position of ten thousand codes is uniform over the 32 characters', () => {
  const counts = Array.from({ length: 16 }, () => new Map<string, number>());
  for (let index = 0; index < 10_000; index++) {
    const bytes = createHash('sha256').update(String(index)).digest().subarray(0, RECOVERY_CODE_BYTES); // the same in each run
    const code = formatRecoveryCode(bytes).replaceAll('-', '');
    for (const [position, seen] of counts.entries()) {
      seen.set(code.charAt(position), (seen.get(code.charAt(position)) ?? 0) + 1);
    }
  }
  const expected = 10_000 / 32;
  for (const seen of counts) {
    assert.equal(seen.size, 32);
    const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert.ok(chiSquare < 66.6, `chi square ${chiSquare}`); // 31 degrees of freedom: above 66.6 once in 5,000
  }
});

test('a recovery code is understood in lower case, with O, I and L, and with any spaces and dashes', () => {
  const forms = [
    PLAIN,
    CODE.toLowerCase(),
    'toj1 9k2m 4npq rsvz',
    'TOJI–9K2M—4NPQ‐RSVZ',
    ' TOJL\u00a09K2M\u200b4NPQRSVZ\r\n',
    'Ｔ０Ｊ１－９Ｋ２Ｍ－４ＮＰＱ－ｒｓｖｚ',
  ];
  for (const typed of forms) assert.equal(normalizeRecoveryCode(typed), PLAIN, JSON.stringify(typed));
});

test('anything but 16 Crockford characters is no recovery code', () => {
  const others = [
    '',
    CODE.slice(0, -1),
    `${CODE}0`,
    CODE.replace('T', 'U'),
    CODE.replace('T', 'ß'),
    CODE.replace('Z', 'ſ'),
    CODE.replace('-', '.'),
    CODE.replace('T', '😀'),
    'A'.repeat(200),
  ];
  for (const typed of others) assert.equal(normalizeRecoveryCode(typed), undefined, JSON.stringify(typed));
});

test('folding a recovery code twice is folding it once', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9A-Za-z\uff10-\uff5a -]{16,19}$/), (typed) => {
      const once = normalizeRecoveryCode(typed);
      assert.equal(once === undefined ? undefined : normalizeRecoveryCode(once), once);
    }),
    { numRuns: 500 },
  );
});
