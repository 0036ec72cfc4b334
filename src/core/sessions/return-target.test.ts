import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownPath } from './return-target.ts';

const OUR_ORIGIN = 'https://portal.example';

test('keeps a path of ours with its query', () => {
  assert.equal(ownPath('/'), '/');
  assert.equal(ownPath('/security/sessions'), '/security/sessions');
  assert.equal(
    ownPath('/authorize?redirect_uri=https%3A%2F%2Frp.example%2Fcb&state=a%0Ab'),
    '/authorize?redirect_uri=https%3A%2F%2Frp.example%2Fcb&state=a%0Ab',
  );
  assert.equal(ownPath('/search?q=//evil.example'), '/search?q=//evil.example');
});

test('drops a fragment and dot segments', () => {
  assert.equal(ownPath('/help#clock'), '/help');
  assert.equal(ownPath('/help/../security'), '/security');
});

const HOSTILE = [
  '',
  ' /security',
  'security',
  '?return_to=/',
  '#top',
  '//evil',
  '///evil',
  '/////evil',
  '/\\evil',
  '\\/evil',
  '\\\\evil',
  '/.//evil',
  '/..//evil',
  '/x/..//evil',
  '/x/%2e%2e//evil',
  '/.\\\\evil',
  '/\t/evil',
  '\t//evil',
  '/\n/evil',
  '/\u0000/evil',
  '/\u0085evil',
  '/%09/evil',
  '/%0d%0aSet-Cookie:a=b',
  '/%7fevil',
  'https:evil',
  'https:/evil',
  'https://evil',
  'https://own.invalid/security',
  'javascript:alert(1)',
  'data:text/html,x',
];

for (const text of HOSTILE) {
  test(`refuses ${JSON.stringify(text)}`, () => assert.equal(ownPath(text), undefined));
}

test('refuses more than 2048 characters, as typed and as encoded', () => {
  assert.equal(ownPath(`/${'a'.repeat(2047)}`)?.length, 2048);
  assert.equal(ownPath(`/${'a'.repeat(2048)}`), undefined);
  assert.equal(ownPath(`/${'ä'.repeat(1000)}`), undefined);
});

test('whatever it answers begins with exactly one slash, stays on our origin and is answered again', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    ':',
    '@',
    '?',
    '#',
    '%2f',
    '%5c',
    '%09',
    '%2e',
    '\t',
    ' ',
    'evil',
    'https:',
    'ä',
    '\ud800',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
    fc.webPath(),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (input) => {
      const path = ownPath(input);
      if (path === undefined) return;
      assert.match(path, /^\/(?![/\\])/);
      assert.equal(new URL(path, OUR_ORIGIN).origin, OUR_ORIGIN);
      assert.equal(ownPath(path), path);
    }),
    { numRuns: 2000 },
  );
});
