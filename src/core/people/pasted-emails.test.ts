import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPastedEmails } from './pasted-emails.ts';

const emailsOf = (text: string) => readPastedEmails(text).people.map(({ email }) => email);

test('addresses are read one a line, and between commas, semicolons, tabs and spaces', () => {
  const wanted = ['a@x.example', 'b@x.example', 'c@x.example'];
  for (const text of [
    'a@x.example\nb@x.example\nc@x.example',
    'a@x.example\r\n\r\nb@x.example\r\nc@x.example\r\n',
    'a@x.example, b@x.example,c@x.example,',
    'A@X.example; b@x.example;;c@x.example;',
    'a@x.example\tb@x.example\tc@x.example',
    ' a@x.example  b@x.example \u00a0c@x.example',
    '\ufeffa@x.example\rb@x.example\rc@x.example',
  ]) {
    assert.deepEqual(emailsOf(text), wanted, JSON.stringify(text));
    assert.deepEqual(readPastedEmails(text).faults, []);
  }
});

test('a name beside its address is read, with a comma if it is quoted', () => {
  const { people, faults } = readPastedEmails(
    'Bo Lind <bo@x.example>, "Lund, Cy" <cy@x.example>; <di@x.example>\nEd <ed@x.example>;',
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    people.map(({ line, name, email }) => [line, name, email]),
    [
      [1, 'Bo Lind', 'bo@x.example'],
      [1, 'Lund, Cy', 'cy@x.example'],
      [1, 'di', 'di@x.example'],
      [2, 'Ed', 'ed@x.example'],
    ],
  );
});

test('a piece that is no address, an address that came before, and a name too long are faults with their lines', () => {
  const long = 'n'.repeat(150);
  const { people, faults } = readPastedEmails(
    `bo@x.example\nnobody\n\nBO@x.example; cy@\n${long} <cy@x.example>\nx"y <di@x.example>, ed@x.example`,
  );
  assert.deepEqual(
    people.map(({ email }) => email),
    ['bo@x.example', 'di@x.example', 'ed@x.example'],
  );
  assert.deepEqual(faults, [
    { line: 2, text: 'nobody', why: 'email' },
    { line: 4, text: 'BO@x.example', why: 'twice', firstLine: 1 },
    { line: 4, text: 'cy@', why: 'email' },
    { line: 5, text: `${long} <cy@x.example>`, why: 'name' },
  ]);
});

test('nothing that is pasted disappears, and no address is read twice', () => {
  const piece = fc.constantFrom('a@x.example', 'B <b@x.example>', '"C, D" <c@x.example>', 'nobody', 'x@', '<>', '"');
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom('\n', ', ', ';', '\r\n'), (pieces, between) => {
      const { people, faults } = readPastedEmails(pieces.join(between));
      assert.equal(new Set(people.map(({ email }) => email)).size, people.length);
      // An odd number of quotation marks in one line cuts a quoted name, so there may be more pieces.
      assert.ok(people.length + faults.length >= pieces.length || pieces.includes('"'));
    }),
  );
});
