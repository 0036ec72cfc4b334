import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalEmail, readMailbox } from './email.ts';

test('an address is trimmed and compared without case, its plus tag and dots kept', () => {
  assert.equal(canonicalEmail('  Jane.Doe+Portal@ACME.Example '), 'jane.doe+portal@acme.example');
  assert.equal(canonicalEmail("o'neil@acme.example"), "o'neil@acme.example");
  assert.equal(canonicalEmail('admin@localhost'), 'admin@localhost');
});

test('an international domain becomes punycode, composed or not, in any case', () => {
  for (const domain of [
    'bücher.example',
    'BÜCHER.example',
    'bu\u0308cher.example',
    'xn--bcher-kva.example',
    'XN--BCHER-KVA.EXAMPLE',
  ]) {
    assert.equal(canonicalEmail(`jane@${domain}`), 'jane@xn--bcher-kva.example', domain);
  }
  assert.equal(canonicalEmail('jane@faß.example'), 'jane@xn--fa-hia.example'); // not fass.example
});

test('what would break a header or name two people is refused', () => {
  const refused = [
    'a@x.example,b@x.example',
    'a,b@x.example',
    'a@x.example\r\nBcc: b@y.example',
    'a@x.example\n',
    '\ra@x.example',
    'a\0@x.example',
    'a\t@x.example',
    'a\u007f@x.example',
    'a\u200b@x.example',
    'a@x.exam\u00adple',
    'a b@x.example',
    '<a@x.example>',
    'a@b@x.example',
    'a;b@x.example',
  ];
  for (const input of refused) assert.equal(canonicalEmail(input), undefined, JSON.stringify(input));
});

test('quoted local parts, address literals and empty labels are refused', () => {
  const refused = [
    '',
    '@',
    'a',
    'a@',
    '@x.example',
    '"a b"@x.example',
    '"a"@x.example',
    'a@[127.0.0.1]',
    'a@[IPv6:::1]',
    'a@127.0.0.1',
    'a@0x7f.1',
    'a@2130706433',
    'a@x.example.',
    'a@.x.example',
    'a@x..example',
    'a@-x.example',
    'a@x-.example',
    'a@x_y.example',
    '.a@x.example',
    'a.@x.example',
    'a..b@x.example',
    'a@x.example/y',
    'a@x.example:25',
    'a@x%2eexample',
  ];
  for (const input of refused) assert.equal(canonicalEmail(input), undefined, JSON.stringify(input));
});

test('a look-alike never becomes another address', () => {
  const refused = [
    'adm\u0130n@x.example',
    'adm\u0131n@x.example',
    '\u212aim@x.example',
    '\ufb01n@x.example',
    'jane\uff20x.example',
    '\uff4aane@x.example',
    'jane@\ufb01rm.example',
    'jane@\u212aim.example',
    'jane@\uff58.example',
    'jane@x\u3002example',
    'jane@x\uff0eexample',
    'jané@x.example',
    'j\u0430ne@x.example',
  ];
  for (const input of refused) assert.equal(canonicalEmail(input), undefined, JSON.stringify(input));
  assert.equal(canonicalEmail('jane@\u0130x.example'), 'jane@xn--ix-rub.example'); // its own domain, not ix.example
});

test('an address has at most 254 bytes, its local part at most 64', () => {
  const domain = `${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(60)}.example`; // 190
  assert.equal(canonicalEmail(`${'a'.repeat(63)}@${domain}`)?.length, 254);
  assert.equal(canonicalEmail(`${'a'.repeat(64)}@${domain}`), undefined);
  assert.equal(canonicalEmail(`${'a'.repeat(64)}@x.example`)?.length, 74);
  assert.equal(canonicalEmail(`${'a'.repeat(65)}@x.example`), undefined);
  assert.equal(canonicalEmail(`a@${'d'.repeat(64)}.example`), undefined);
  assert.equal(canonicalEmail(`a@${'ü'.repeat(60_000)}.example`), undefined);
});

test('the canonical form of a canonical form is itself, in ASCII and without capitals', () => {
  const piece = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 6 });
  const label = piece('aZ0-äÖ\u0308İßẞ\u212aｘﬁΣ');
  const typed = fc.tuple(piece("aZ0.+'ﬁ\u212a"), label, label).map(([a, b, c]) => ` ${a}@${b}.${c}`);
  fc.assert(
    fc.property(fc.oneof(fc.emailAddress(), typed), (input) => {
      const once = canonicalEmail(input);
      if (once === undefined) return;
      assert.equal(canonicalEmail(once), once);
      assert.match(once, /^[\x21-\x40\x5b-\x7e]+$/);
    }),
    { numRuns: 500 },
  );
});

test('a mailbox is read as address books and mail programs write it', () => {
  for (const [pasted, email, name] of [
    ['ana@acme.example', 'ana@acme.example', undefined],
    [' ana@acme.example; ', 'ana@acme.example', undefined],
    ['ana@acme.example,', 'ana@acme.example', undefined],
    ['Ana Silva <ana@acme.example>', 'ana@acme.example', 'Ana Silva'],
    ['"Silva, Ana" < ana@acme.example >;', 'ana@acme.example', 'Silva, Ana'],
    ['<ana@acme.example>', 'ana@acme.example', undefined],
  ] as const) {
    assert.deepEqual(readMailbox(pasted), { email, name }, pasted);
  }
  for (const pasted of [
    'a@b.example; c@d.example',
    'A <a@b.example>, C <c@d.example>',
    'A <a@b.example> <c@d.example>',
    '<>',
  ]) {
    assert.equal(canonicalEmail(readMailbox(pasted).email), undefined, pasted);
  }
});
