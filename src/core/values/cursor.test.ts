import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCursor, readCursor } from './cursor.ts';

const ID = '0190a7c8-1111-7222-8333-444455556666';

test('a cursor leads on in its own list, and in no other', () => {
  const cursor = makeCursor('users {"role":"member"}', ID);
  assert.equal(readCursor('users {"role":"member"}', cursor), ID);
  for (const list of ['users {}', 'users {"role":"manager"}', 'partners {"role":"member"}'])
    assert.equal(readCursor(list, cursor), undefined, list);
});

test('what is no cursor is none', () => {
  const named = (text: string) => Buffer.from(text).toString('base64url');
  for (const text of [
    '',
    'x',
    ID,
    named(ID),
    named(`v1:${ID}`),
    named(`v2:AAAAAAAA:${ID}`),
    named(`v1:AAAAAAAA:${ID}x`),
  ])
    assert.equal(readCursor('users {}', text), undefined, text);
});
