import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, semicolonCells } from './csv.ts';

test('a cell that a spreadsheet would run as a formula begins with an apostrophe', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) assert.equal(csvLine([text]), `'${text}`);
  assert.equal(csvLine(['\r=1']), '"\'\r=1"');
  assert.equal(csvLine(['a=1']), 'a=1');
});

test('commas, quotes and line ends stay inside their cell, and what is absent is empty', () => {
  assert.equal(csvLine(['a,b', 'say "no"', 'x\ny', undefined, null, 3]), '"a,b","say ""no""","x\ny",,,3');
});

test('for Excel semicolons stand between the cells, and those within a cell stay inside their quotes', () => {
  const whole = `${csvLine(['a', 'b;c', 'd,e', 'say "x, y"'])}\r\n`;
  const expected = 'a;"b;c";"d,e";"say ""x, y"""\r\n';
  assert.equal(semicolonCells()(whole), expected);
  const turn = semicolonCells();
  assert.equal([...whole].map((letter) => turn(letter)).join(''), expected);
});
