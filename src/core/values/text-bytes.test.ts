import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf, textOf } from './text-bytes.ts';

const PASSWORD = 'Mein langes Paßwort 7 €😀';

function utf16(text: string, bigEndian = false): Buffer {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

test('one line end at the end is dropped, whichever it is, and no other', () => {
  for (const end of ['', '\n', '\r\n', '\r']) assert.equal(lineOf(Buffer.from(`a b${end}`)), 'a b');
  assert.equal(lineOf(Buffer.from('a\n\n')), 'a\n');
  assert.equal(lineOf(Buffer.from(' a \r\n\r\n')), ' a \r\n');
  assert.equal(lineOf(Buffer.from('')), '');
});

test('a byte order mark is no part of the text, in UTF-8 and in UTF-16 of either order', () => {
  for (const bytes of [
    Buffer.from(`${PASSWORD}\r\n`),
    Buffer.from(`\uFEFF${PASSWORD}\r\n`),
    utf16(`${PASSWORD}\r\n`),
    utf16(`${PASSWORD}\r\n`, true),
  ]) {
    assert.equal(lineOf(bytes), PASSWORD);
  }
});

test('only the mark in front is one', () => {
  assert.equal(textOf(Buffer.from('\uFEFF\uFEFFa')), '\uFEFFa');
});

test('what is no text is not guessed at', () => {
  const without = Buffer.from(PASSWORD, 'utf16le');
  for (const bytes of [without, Buffer.from('caf\xe9', 'latin1'), Buffer.from('a\0b'), Buffer.from('fffe00', 'hex')]) {
    assert.equal(textOf(bytes), undefined);
  }
});
