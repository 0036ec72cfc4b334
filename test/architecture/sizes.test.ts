import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { SMALL_FILES } from './small-files.ts';
import { readSources } from './sources.ts';
import { STILL_LONGER } from './still-longer.ts';

const EVERY_FILE = readSources(['src', 'prove', 'bench', 'test', 'examples']);
const ALL = EVERY_FILE.filter(({ path }) => path.startsWith('src/'));
/** The code that runs, without the tests in the same folders. */
const SOURCES = ALL.filter(({ path }) => !path.endsWith('.test.ts'));

const LONGEST_FUNCTION = 40;
const LONGEST_FILE = 250;

/** One text per line, no code. */
const TEXTS = 'src/messages/locales/';

test('a function fits 40 lines, nested functions counted, and a file 250', () => {
  none(
    ALL.flatMap(({ path, lines, functions }) => [
      lines > LONGEST_FILE && !path.startsWith(TEXTS) ? `${path} has ${lines} lines` : undefined,
      ...functions.map(({ line, lines: long }) =>
        long > LONGEST_FUNCTION ? `${path}:${line} is a function of ${long} lines` : undefined,
      ),
    ]),
  );
});

const SMALLEST_FILE = 25;
const MOST_IN_FOLDER = 20;
/** A folder that gets one file per change or text has no maximum. */
const SERIES = /\/(migrations|articles|locales)\//;

test('a file of under 25 lines has a reason to be alone', () => {
  const small = SOURCES.filter(({ path, lines }) => lines < SMALLEST_FILE && !SERIES.test(path));
  assert.deepEqual(small.map(({ path }) => path).toSorted(), SMALL_FILES.toSorted());
});

test('a folder holds 20 files at most', () => {
  const folders = Map.groupBy(
    EVERY_FILE.filter(({ path }) => !SERIES.test(path)),
    ({ path }) => dirname(path),
  );
  none(
    [...folders].map(([folder, files]) =>
      files.length > MOST_IN_FOLDER ? `${folder} holds ${files.length} files` : undefined,
    ),
  );
});

test('a test, a bench and the proof keep to the same sizes', () => {
  const measured = EVERY_FILE.filter((source) => !ALL.includes(source)).flatMap(({ path, lines, functions }) => {
    const longest = Math.max(0, ...functions.map((one) => one.lines));
    const fault = `${path} has ${lines} lines, its longest function ${longest}`;
    return lines > LONGEST_FILE || longest > LONGEST_FUNCTION ? [{ path, lines, longest, fault }] : [];
  });
  const worse = measured.map(({ path, lines, longest, fault }) => {
    const [mostLines = LONGEST_FILE, mostInFunction = LONGEST_FUNCTION] = STILL_LONGER[path] ?? [];
    return lines > mostLines || longest > mostInFunction ? fault : undefined;
  });
  none(worse);
  const mended = Object.keys(STILL_LONGER).filter((path) => !measured.some((one) => one.path === path));
  assert.deepEqual(mended, [], 'these keep to the rule by now: take them off the list');
});

function none(faults: readonly (string | undefined)[]): void {
  assert.deepEqual(
    faults.filter((fault) => fault !== undefined),
    [],
  );
}
