import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, semicolonCsv } from './csv.ts';

test('a cell that a spreadsheet would run as a formula begins with an apostrophe', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) assert.equal(csvLine([text]), `'${text}`);
  assert.equal(csvLine(['\r=1']), '"\'\r=1"');
  assert.equal(csvLine(['a=1']), 'a=1');
});

test('commas, quotes and line ends stay inside their cell, and what is absent is empty', () => {
  assert.equal(csvLine(['a,b', 'say "no"', 'x\ny', undefined, null, 3]), '"a,b","say ""no""","x\ny",,,3');
});

test('for Excel semicolons stand between the cells, and those within a cell stay inside their quotes', async () => {
  const csv = ['a', 'b;c', 'd,e', 'say "x, y"'];
  const whole = `${csvLine(csv)}\r\n`;
  const expected = '\ufeffa;"b;c";"d,e";"say ""x, y"""\r\n';
  assert.equal(await textOf(semicolonCsv(whole)), expected);
  const letters = (async function* () {
    yield* whole;
  })();
  assert.equal(await textOf(semicolonCsv(letters)), expected);
});

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}
