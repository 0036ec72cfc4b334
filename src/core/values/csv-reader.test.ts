import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvLine } from './csv.ts';
import { readCsv } from './csv-reader.ts';

const MOST = { rows: 100 };

function read(text: string | Uint8Array, most = MOST) {
  return [...readCsv(typeof text === 'string' ? Buffer.from(text) : text, most)];
}

function cellsOf(text: string | Uint8Array) {
  return read(text).map((row) => ('cells' in row ? row.cells : row.fault));
}

test('a file of Excel is read: byte order mark, semicolons, Windows line ends, quotes, umlauts', () => {
  const file = '\ufeffslug;name;from\r\nacme;"Müller; ""Söhne""";1.3.2027\r\n\r\nbeta;"two\r\nlines";\r\n;;\r\n';
  assert.deepEqual(read(file), [
    { line: 1, cells: ['slug', 'name', 'from'] },
    { line: 2, cells: ['acme', 'Müller; "Söhne"', '1.3.2027'] },
    { line: 4, cells: ['beta', 'two\r\nlines', ''] },
  ]);
});

test('comma, semicolon and tab are told apart by the first line, also where Excel names it', () => {
  const rows = [
    ['a', 'b'],
    ['1', '2'],
  ];
  for (const text of [
    'a,b\n1,2',
    'a;b\n1;2\n',
    'a\tb\r1\t2',
    '"a;x",b\n1,2'.replace(';x', ''),
    'sep=;\r\na;b\r\n1;2',
  ]) {
    assert.deepEqual(cellsOf(text), rows, JSON.stringify(text));
  }
});

test('UTF-16 with its mark is read, without it refused', () => {
  const text = 'slug\tname\r\nacme\tMüller\r\n';
  const little = Buffer.from(text, 'utf16le');
  const rows = [
    ['slug', 'name'],
    ['acme', 'Müller'],
  ];
  assert.deepEqual(cellsOf(Buffer.concat([Buffer.from([0xff, 0xfe]), little])), rows);
  assert.deepEqual(cellsOf(Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(little).swap16()])), rows);
  assert.deepEqual(read(little), [{ line: 1, fault: 'utf16' }]);
  assert.deepEqual(read(Buffer.from(little).swap16()), [{ line: 1, fault: 'utf16' }]);
});

test('umlauts in Latin-1 are refused, with the line of the first one', () => {
  const file = Buffer.from('slug,name\nacme,Acme\nmueller,Müller\n', 'latin1');
  assert.deepEqual(read(file).at(-1), { line: 3, fault: 'encoding' });
  const long = Buffer.from(`a,b\n${'x,y\n'.repeat(20_000)}z,Ü\n`, 'latin1');
  assert.deepEqual(read(long, { rows: 50_000 }).at(-1), { line: 20_002, fault: 'encoding' });
});

test('a quotation mark without its partner is reported in the line where it opens', () => {
  assert.deepEqual(read('a,b\n1,"2\n3,4\n').at(-1), { line: 2, fault: 'quote' });
  assert.deepEqual(read(`a,b\n1,"2${'\n3,4'.repeat(20_000)}`).at(-1), { line: 2, fault: 'quote' });
});

test('too many rows, a row without end and a NUL end the reading', () => {
  assert.deepEqual(read('a\n1\n2\n', { rows: 2 }).at(-1), { line: 3, fault: 'too_many' });
  assert.deepEqual(read(`a\n${'x'.repeat(20_000)}\n`).at(-1), { line: 2, fault: 'too_long' });
  assert.deepEqual(read('a,b\nx,\0\n').at(-1), { line: 2, fault: 'zero' });
});

test('an empty file has no rows', () => {
  assert.deepEqual([read(''), read('\ufeff\r\n\r\n')], [[], []]);
});

test('whatever our own CSV writes is read back', () => {
  const cell = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\0]/g, '').trim());
  // An apostrophe in front of a sign is what our writer adds.
  const own = cell.filter((text) => !/^'[=+\-@]/.test(text));
  const rows = fc.array(fc.array(own, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rows, (table) => {
      const named = [['one', 'two', 'three'], ...table.map((row) => ['x', ...row])];
      assert.deepEqual(cellsOf(named.map((row) => `${csvLine(row)}\r\n`).join('')), named);
    }),
  );
});
