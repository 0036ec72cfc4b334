import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cborLength } from './cbor-length.ts';

const lengthOf = (hex: string) => cborLength(Buffer.from(hex, 'hex'));

// RFC 8949, appendix A.
const WHOLE = ['00', '17', '1864', '1903e8', '1a000f4240', '40', '4401020304', '6449455446', '83010203', 'a201020304'];

test('finds the end of the first item', () => {
  for (const hex of WHOLE) {
    assert.equal(lengthOf(hex), hex.length / 2, hex);
    assert.equal(lengthOf(`${hex}00`), hex.length / 2, `${hex} and a byte after it`);
  }
});

test('an item that is cut short has no end', () => {
  for (const hex of ['', ...WHOLE.filter((one) => one.length > 2)]) {
    assert.equal(lengthOf(hex.slice(0, -2)), undefined, hex.slice(0, -2));
  }
});

test('indefinite lengths, tags and deep nesting are not read', () => {
  assert.equal(lengthOf('9f01ff'), undefined);
  assert.equal(lengthOf('c074323031332d30332d32315432303a30343a30305a'), undefined);
  assert.equal(lengthOf('81'.repeat(20_000)), undefined);
});
