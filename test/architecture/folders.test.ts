import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const MOST_FILES = 20;
/** A migration stays for ever, and an article is a text. */
const LEFT_OUT = /\/(migrations|articles)$/;
/** Folders that hold more: how many at most. None may be added, and none may grow. */
const STILL_FULLER: Readonly<Record<string, number>> = { 'src/flows/administration': 21 };

test(`a folder holds at most ${MOST_FILES} files of code`, () => {
  const files = new Map<string, number>();
  for (const path of globSync('{src,test,prove,bench}/**/*.{ts,mjs}', { cwd: ROOT })) {
    const folder = dirname(path);
    files.set(folder, (files.get(folder) ?? 0) + 1);
  }
  assert.ok(files.has('src/core/people') && files.has('test/stories/sign-in'), 'the walk ends too early');
  const full = [...files].filter(([folder, count]) => count > MOST_FILES && !LEFT_OUT.test(folder));
  const worse = full.filter(([folder, count]) => count > (STILL_FULLER[folder] ?? MOST_FILES));
  assert.deepEqual(worse, []);
  const mended = Object.keys(STILL_FULLER).filter((folder) => !full.some(([one]) => one === folder));
  assert.deepEqual(mended, [], 'these keep to the rule by now: take them off the list');
});
