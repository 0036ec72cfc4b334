import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BREAKAGES, FAILPOINTS, type Patch, TUNINGS } from '../../prove/patches.ts';

test('every change that the proof makes to the product finds its place, once', () => {
  const lists: (readonly Patch[])[] = [FAILPOINTS, TUNINGS, BREAKAGES].flatMap((group) => Object.values(group));
  assert.ok(lists.length > 0);
  for (const { file, from } of lists.flat()) {
    const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    assert.equal(text.split(from).length - 1, 1, `${file}: ${from}`);
  }
});
