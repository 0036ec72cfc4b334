import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret, TOTP, URI } from 'otpauth';
import {
  agreedOffsetSeconds,
  codesOf,
  encodeBase32,
  matchCode,
  normalizeOneTimeCode,
  otpauthUri,
  refusedStep,
  STEP_SECONDS,
  stepAt,
} from './totp.ts';

const NOW = 1_800_000_015; // fifteen seconds into its step
const CURRENT = stepAt(NOW);
const SECRET = Buffer.from('12345678901234567890');
const aSecret = fc.uint8Array({ minLength: 20, maxLength: 20 });

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}.json`, import.meta.url), 'utf8'));
}

function codeOf(step: number, secret: Uint8Array = SECRET): string {
  return codesOf(secret)(step);
}

function match(
  code: string,
  { lastUsedStep = -1, window = 1 as 0 | 1, now = NOW, secret = SECRET as Uint8Array } = {},
) {
  return matchCode({ secret, lastUsedStep }, code, window, now);
}

/** A secret whose 64 steps around the current one have different codes, so that each code belongs to one step. */
const aSecretWithoutCollisions = aSecret.filter((secret) => {
  const codes = Array.from({ length: 65 }, (_, index) => codeOf(CURRENT - 32 + index, secret));
  return new Set(codes).size === codes.length;
});

test('the codes are those of RFC 4226 appendix D', () => {
  const { secret, codes } = vectors<{ secret: string; codes: string[] }>('rfc4226-appendix-d');
  assert.equal(codes.length, 10);
  for (const [counter, code] of codes.entries()) assert.equal(codeOf(counter, Buffer.from(secret)), code);
});

test('steps and codes are those of RFC 6238 appendix B', () => {
  type Vectors = { secret: string; vectors: { time: number; step: number; totp: string }[] };
  const { secret, vectors: rows } = vectors<Vectors>('rfc6238-appendix-b');
  assert.equal(rows.length, 6);
  for (const row of rows) {
    assert.equal(stepAt(row.time), row.step);
    assert.equal(codeOf(row.step, Buffer.from(secret)), row.totp.slice(2)); // six digits are the end of eight
  }
});

test('an independent implementation makes the same code for any secret and time', () => {
  fc.assert(
    fc.property(aSecret, fc.integer({ min: 0, max: 2 ** 36 }), (secret, now) => {
      const peer = new TOTP({ secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) });
      assert.equal(codeOf(stepAt(now), secret), peer.generate({ timestamp: now * 1000 }));
    }),
  );
});

test('an independent implementation reads our key URI', () => {
  const uri = otpauthUri({ secret: SECRET, issuer: 'Partner Interface', email: 'jane+x@acme.example' });
  assert.equal(
    uri,
    'otpauth://totp/Partner%20Interface:jane%2Bx%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' +
      '&issuer=Partner%20Interface&algorithm=SHA1&digits=6&period=30',
  );
  const peer = URI.parse(uri);
  assert.ok(peer instanceof TOTP);
  assert.equal(peer.issuer, 'Partner Interface');
  assert.equal(peer.label, 'jane+x@acme.example');
  assert.equal(peer.generate({ timestamp: NOW * 1000 }), codeOf(CURRENT));
});

test('base32 of any bytes is what an independent implementation writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      assert.equal(encodeBase32(bytes), new Secret({ buffer: Uint8Array.from(bytes).buffer }).base32);
    }),
  );
  assert.equal(encodeBase32(SECRET).length, 32);
});

test('accepts the current step and one either side, in strict mode the current one alone', () => {
  for (const offset of [-1, 0, 1]) {
    assert.deepEqual(match(codeOf(CURRENT + offset)), { kind: 'accepted', step: CURRENT + offset });
  }
  assert.deepEqual(match(codeOf(CURRENT), { window: 0 }), { kind: 'accepted', step: CURRENT });
  assert.equal(match(codeOf(CURRENT - 1), { window: 0 }).kind, 'expired');
  assert.equal(match(codeOf(CURRENT + 1), { window: 0 }).kind, 'incorrect');
});

test('a code is accepted exactly when its step is in the window and after the last used one', () => {
  const offset = fc.integer({ min: -24, max: 24 });
  fc.assert(
    fc.property(aSecretWithoutCollisions, offset, offset, fc.constantFrom(0, 1), (secret, at, last, window) => {
      const answer = match(codeOf(CURRENT + at, secret), { secret, window, lastUsedStep: CURRENT + last });
      assert.equal(answer.kind === 'accepted', Math.abs(at) <= window && at > last);
      if (answer.kind === 'accepted') assert.equal(answer.step, CURRENT + at);
    }),
    { numRuns: 200 },
  );
});

test('no code is accepted a second time, whenever it comes back', () => {
  const delay = fc.integer({ min: 0, max: 3 * STEP_SECONDS });
  fc.assert(
    fc.property(aSecretWithoutCollisions, fc.integer({ min: -1, max: 1 }), delay, (secret, offset, later) => {
      const code = codeOf(CURRENT + offset, secret);
      const first = match(code, { secret });
      assert.ok(first.kind === 'accepted');
      const again = match(code, { secret, lastUsedStep: first.step, now: NOW + later });
      assert.equal(again.kind, 'already_used');
    }),
  );
});

test('of two steps with one code the current one is taken, then the earlier, then the later', () => {
  // Two steps close together with the same code, found by search; the secret is the one of the RFCs.
  const [neighbour, next] = [910_737, 910_738];
  const [before, after] = [153_567, 153_569];
  assert.equal(codeOf(neighbour), codeOf(next));
  assert.equal(codeOf(before), codeOf(after));
  const at = (step: number) => ({ now: step * STEP_SECONDS });
  assert.deepEqual(match(codeOf(next), at(neighbour)), { kind: 'accepted', step: neighbour });
  assert.deepEqual(match(codeOf(next), at(next)), { kind: 'accepted', step: next });
  assert.deepEqual(match(codeOf(after), at(before + 1)), { kind: 'accepted', step: before });
  const used = match(codeOf(after), { ...at(before + 1), lastUsedStep: before });
  assert.deepEqual(used, { kind: 'accepted', step: after });
});

test('the code used last says when the next one comes, one second at least', () => {
  const code = codeOf(CURRENT);
  assert.deepEqual(match(code, { lastUsedStep: CURRENT }), { kind: 'already_used', nextCodeInSeconds: 15 });
  const ahead = match(codeOf(CURRENT + 1), { lastUsedStep: CURRENT + 1 });
  assert.deepEqual(ahead, { kind: 'already_used', nextCodeInSeconds: 45 });
  const late = match(code, { lastUsedStep: CURRENT, now: NOW + 10 * STEP_SECONDS });
  assert.deepEqual(late, { kind: 'already_used', nextCodeInSeconds: 1 });
});

test('an older code says how long ago it ended, down to twenty steps', () => {
  assert.deepEqual(match(codeOf(CURRENT - 2)), { kind: 'expired', step: CURRENT - 2, ageSeconds: 45 });
  assert.deepEqual(match(codeOf(CURRENT - 20)), { kind: 'expired', step: CURRENT - 20, ageSeconds: 585 });
  assert.deepEqual(match(codeOf(CURRENT - 21)), { kind: 'incorrect' });
});

test('a code inside the window but before the last used one has expired, never below 0 seconds ago', () => {
  const earlier = match(codeOf(CURRENT - 1), { lastUsedStep: CURRENT });
  assert.deepEqual(earlier, { kind: 'expired', step: CURRENT - 1, ageSeconds: 15 });
  const living = match(codeOf(CURRENT), { lastUsedStep: CURRENT + 1 });
  assert.deepEqual(living, { kind: 'expired', step: CURRENT, ageSeconds: 0 });
});

test('a later code is incorrect, its step remembered up to twenty ahead', () => {
  assert.deepEqual(match(codeOf(CURRENT + 2)), { kind: 'incorrect', step: CURRENT + 2 });
  assert.deepEqual(match(codeOf(CURRENT + 20)), { kind: 'incorrect', step: CURRENT + 20 });
  assert.deepEqual(match(codeOf(CURRENT + 21)), { kind: 'incorrect' });
});

test('what is remembered of a refused code is its step and how far that is from now', () => {
  assert.deepEqual(refusedStep({ kind: 'expired', step: CURRENT - 4, ageSeconds: 105 }, NOW), {
    step: CURRENT - 4,
    offsetSteps: -4,
    at: NOW,
  });
  assert.deepEqual(refusedStep({ kind: 'incorrect', step: CURRENT + 6 }, NOW)?.offsetSteps, 6);
  assert.equal(refusedStep({ kind: 'incorrect' }, NOW), undefined);
  assert.equal(refusedStep({ kind: 'already_used', nextCodeInSeconds: 4 }, NOW), undefined);
});

test('two codes that agree within one step tell the offset of the clocks, as the second one shows it', () => {
  const first = { step: 100, offsetSteps: -6, at: NOW };
  assert.equal(agreedOffsetSeconds(first, { step: 101, offsetSteps: -6, at: NOW + 30 }), -180);
  assert.equal(agreedOffsetSeconds(first, { step: 101, offsetSteps: -7, at: NOW + 600 }), -210);
  assert.equal(agreedOffsetSeconds(first, { step: 120, offsetSteps: -5, at: NOW + 600 }), -150);
});

test('no offset is told for one code, one step twice, after ten minutes, without agreement, or for none', () => {
  const first = { step: 100, offsetSteps: 1, at: NOW };
  assert.equal(agreedOffsetSeconds(undefined, first), undefined);
  assert.equal(agreedOffsetSeconds(first, { step: 100, offsetSteps: 1, at: NOW + 5 }), undefined);
  assert.equal(agreedOffsetSeconds(first, { step: 101, offsetSteps: 1, at: NOW + 601 }), undefined);
  assert.equal(agreedOffsetSeconds(first, { step: 101, offsetSteps: 3, at: NOW + 30 }), undefined);
  assert.equal(agreedOffsetSeconds(first, { step: 101, offsetSteps: 0, at: NOW + 30 }), undefined);
});

test('a code is understood with spaces, dashes, invisible characters and full-width digits', () => {
  for (const typed of [
    '123456',
    ' 123 456\n',
    '123-456',
    '123\u00a0456',
    '\u200b123\u2013456\u200f',
    '１２３　４５６',
    '123\t456',
  ]) {
    assert.equal(normalizeOneTimeCode(typed), '123456', JSON.stringify(typed));
  }
  assert.equal(normalizeOneTimeCode('000123'), '000123');
});

test('anything but six digits is no code', () => {
  for (const typed of [
    '',
    '12345',
    '1234567',
    '12345a',
    '123.456',
    '+123456',
    '1e5',
    '١٢٣٤٥٦',
    '123456\0',
    '1'.repeat(6000),
  ]) {
    assert.equal(normalizeOneTimeCode(typed), undefined, JSON.stringify(typed));
  }
});

test('folding a code twice is folding it once', () => {
  const typed = fc.stringMatching(/^[0-9０-９ \u2010\u200b-]{0,12}$/);
  fc.assert(
    fc.property(typed, (text) => {
      const once = normalizeOneTimeCode(text);
      assert.equal(once === undefined ? undefined : normalizeOneTimeCode(once), once);
    }),
  );
});
