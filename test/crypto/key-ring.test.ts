import assert from 'node:assert/strict';
import { createHmac, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KeyRing, loadKeyRing, makeKeyText, type SealPurpose } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { type Binding, SealError, type SealFault } from '#crypto/seal.ts';

const KEY = randomBytes(32).toString('base64');
const OTHER_KEY = randomBytes(32).toString('base64');
const BINDING: Binding = { table: 'authenticators', rowId: 'row-1', userId: 'user-1' };

function ringOf(text: string): KeyRing {
  const ring = loadKeyRing(text);
  if ('problem' in ring) assert.fail(ring.problem);
  return ring;
}

function problemOf(text: string): string {
  const ring = loadKeyRing(text);
  assert.ok('problem' in ring, `${text} is accepted`);
  return ring.problem;
}

function faultOf(ring: KeyRing, purpose: SealPurpose, binding: Binding, sealed: string): SealFault {
  try {
    ring.open(purpose, binding, sealed);
  } catch (error) {
    assert.ok(error instanceof SealError, String(error));
    return error.fault;
  }
  return assert.fail('it opens');
}

const ring = ringOf(`k1:${KEY}`);

test('what is sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uuid(), fc.uuid(), (bytes, rowId, userId) => {
      const binding = { table: 'users', rowId, userId };
      assert.deepEqual(ring.open('password', binding, ring.seal('password', binding, bytes)), Buffer.from(bytes));
    }),
  );
});

test('text is sealed as UTF-8', () => {
  assert.equal(ring.open('mail', BINDING, ring.seal('mail', BINDING, 'Grüße 🔑')).toString(), 'Grüße 🔑');
});

test('a sealed value has the documented shape, and two of the same differ', () => {
  const sealed = ring.seal('totp', BINDING, 'x');
  assert.match(sealed, /^v1\.k1\.[\w-]{16}\.[\w-]{23}$/);
  assert.notEqual(sealed, ring.seal('totp', BINDING, 'x'));
  assert.equal(ring.keyIdOf(sealed), 'k1');
});

// Three lengths, because base64 leaves no bit, four bits or two, and a change of those must be detected too.
for (const length of [20, 21, 22]) {
  test(`a change of any bit of any character is refused, with ${length} bytes sealed`, () => {
    const sealed = Buffer.from(ring.seal('totp', BINDING, randomBytes(length)));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      faultOf(ring, 'totp', BINDING, changed.toString('latin1'));
    }
  });
}

test('a shortened value is refused', () => {
  const sealed = ring.seal('totp', BINDING, randomBytes(20));
  for (let length = 0; length < sealed.length; length++) faultOf(ring, 'totp', BINDING, sealed.slice(0, length));
  assert.equal(faultOf(ring, 'totp', BINDING, ''), 'malformed');
});

test('a value moved to another row, user, table or purpose is not authentic', () => {
  const sealed = ring.seal('totp', BINDING, 'secret');
  assert.equal(faultOf(ring, 'totp', { ...BINDING, rowId: 'row-2' }, sealed), 'not_authentic');
  assert.equal(faultOf(ring, 'totp', { ...BINDING, userId: 'user-2' }, sealed), 'not_authentic');
  assert.equal(faultOf(ring, 'totp', { ...BINDING, table: 'enrollments' }, sealed), 'not_authentic');
  assert.equal(faultOf(ring, 'password', BINDING, sealed), 'not_authentic');
});

test('a part of a binding with the separator is a bug', () => {
  assert.throws(() => ring.seal('totp', { ...BINDING, rowId: 'row|user' }, 'x'), /contains "\|"/);
});

test('a value under a key that the ring lacks is told apart, and one under another key of the same id too', () => {
  const sealed = ringOf(`k2:${OTHER_KEY},k1:${KEY}`).seal('totp', BINDING, 'x');
  assert.equal(faultOf(ring, 'totp', BINDING, sealed), 'unknown_key');
  assert.equal(faultOf(ringOf(`k2:${KEY}`), 'totp', BINDING, sealed), 'not_authentic');
  assert.equal(ring.keyIdOf(sealed), 'k2');
});

test('a value with its key id rewritten does not open', () => {
  const both = ringOf(`k2:${OTHER_KEY},k1:${KEY}`);
  const sealed = both.seal('totp', BINDING, 'x');
  assert.equal(faultOf(both, 'totp', BINDING, sealed.replace('.k2.', '.k1.')), 'not_authentic');
});

test('the first key seals, an older one still opens', () => {
  const sealed = ring.seal('totp', BINDING, 'old');
  const rotated = ringOf(`k2:${OTHER_KEY},k1:${KEY}`);
  assert.equal(rotated.open('totp', BINDING, sealed).toString(), 'old');
  assert.equal(rotated.keyIdOf(rotated.seal('totp', BINDING, 'new')), 'k2');
  assert.deepEqual([rotated.activeKeyId, rotated.keyIds], ['k2', ['k2', 'k1']]);
});

test('a seal error tells nothing secret', () => {
  const sealed = ring.seal('totp', BINDING, 'JBSWY3DPEHPK3PXP');
  try {
    ring.open('totp', { ...BINDING, rowId: 'row-2' }, sealed);
    assert.fail('it opens');
  } catch (error) {
    const text = `${error} ${JSON.stringify(error)}`;
    assert.match(text, /the totp value of authenticators row-2 does not open/);
    assert.ok(!text.includes('JBSWY3DPEHPK3PXP') && !text.includes(sealed.slice(10)));
  }
});

test('a tag is HMAC-SHA-256 under the HKDF subkey of its purpose', () => {
  const subkey = Buffer.from(hkdfSync('sha256', Buffer.from(KEY, 'base64'), '', 'sallyport/v1/email', 32));
  assert.equal(ring.mac('email', 'a@b.c'), createHmac('sha256', subkey).update('a@b.c').digest('base64url'));
  assert.notEqual(ring.mac('email', 'a@b.c'), ring.mac('form', 'a@b.c'));
});

test('tags are made under every key, the active one first, and verified under each', () => {
  const rotated = ringOf(`k2:${OTHER_KEY},k1:${KEY}`);
  const macs = rotated.macs('recovery', 'text');
  assert.deepEqual(
    macs.map(({ keyId }) => keyId),
    ['k2', 'k1'],
  );
  assert.equal(macs[0]?.mac, rotated.mac('recovery', 'text'));
  assert.equal(macs[1]?.mac, ring.mac('recovery', 'text'));
  for (const { keyId, mac } of macs) assert.ok(rotated.verifyMac('recovery', 'text', keyId, mac));
});

test('a tag of another text, purpose, key or length is refused', () => {
  const mac = ring.mac('audit', 'text');
  assert.ok(ring.verifyMac('audit', 'text', 'k1', mac));
  assert.ok(!ring.verifyMac('audit', 'texT', 'k1', mac));
  assert.ok(!ring.verifyMac('form', 'text', 'k1', mac));
  assert.ok(!ring.verifyMac('audit', 'text', 'k9', mac));
  assert.ok(!ring.verifyMac('audit', 'text', 'k1', mac.slice(1)));
  assert.ok(!ring.verifyMac('audit', 'text', 'k1', ''));
});

const BAD_RINGS: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /entry 1 is not ID:BASE64/],
  ['a key without id', KEY, /entry 1 is not ID:BASE64/],
  ['a comma at the end', `k1:${KEY},`, /entry 2 is not ID:BASE64/],
  ['an id with a dot', `k.1:${KEY}`, /entry 1 is not ID:BASE64/],
  ['the same id twice', `k1:${KEY},k1:${OTHER_KEY}`, /the key id k1 stands twice/],
  ['the same key twice', `k2:${KEY},k1:${KEY}`, /k1 is the same as another key/],
  ['a short key', `k1:${randomBytes(16).toString('base64')}`, /k1 is 16 bytes long and must be 32/],
  ['a long key', `k1:${randomBytes(33).toString('base64')}`, /k1 is 33 bytes long and must be 32/],
  ['an empty key', 'k1:', /k1 is 0 bytes long/],
  ['what is not base64', `k1:${'!'.repeat(44)}`, /k1 is not base64/],
  ['all bytes equal', `k1:${Buffer.alloc(32, 7).toString('base64')}`, /k1 is a placeholder/],
  ['a counting key', `k1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')}`, /placeholder/],
  ['readable text', `k1:${Buffer.from('please-change-this-secret-key-32').toString('base64')}`, /readable text/],
];

for (const [what, text, expected] of BAD_RINGS) {
  test(`a ring with ${what} is refused in one line without the key`, () => {
    const problem = problemOf(text);
    assert.match(problem, expected);
    assert.match(problem, /^SALLYPORT_KEYS: .+$/);
    for (const secret of text.split(/[,:]/).filter((part) => part.length > 8)) assert.ok(!problem.includes(secret));
  });
}

test('a made ring loads, and two differ', () => {
  assert.equal(ringOf(makeKeyText(randomBytes)).activeKeyId, 'k1');
  assert.notEqual(makeKeyText(randomBytes), makeKeyText(randomBytes));
});
