import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Line = { readonly path: string; readonly number: number; readonly text: string };

/** CHANGELOG.md is exempt, because published entries do not change. */
const PATHS = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: ROOT, exclude: ['**/node_modules'] });
const LINES = PATHS.flatMap(linesOf);

const LONGEST_CELL = 200;
const LONGEST_RECORD_WORDS = 300;
/** Old words, and words that personify software. */
const ARCHAISMS = /\b(whoever|anew|but for|save for|amid|(?:is|are|was|were) told (?:of|nothing|things))\b/i;

test('the documents are read', () => {
  for (const path of [
    'README.md',
    'docs/operate.md',
    'docs/operate/clock.md',
    'docs/decisions/001-rooms-and-directions.md',
  ]) {
    assert.ok(PATHS.includes(path), `${path} is not among the documents`);
  }
  assert.ok(LINES.flatMap(({ text }) => linksOf(text)).length > 100);
});

test('every link between documents leads to a file and a heading that exist', () => {
  none(LINES.flatMap((line) => linksOf(line.text).map((link) => linkFault(line, link))));
});

test(`no cell of a table is longer than ${LONGEST_CELL} characters`, () => {
  none(
    LINES.map((line) => {
      const longest = Math.max(0, ...cellsOf(line.text).map((cell) => cell.length));
      return longest > LONGEST_CELL ? `${place(line)} has a cell of ${longest}` : undefined;
    }),
  );
});

test('no document uses a word that people no longer say', () => {
  none(
    LINES.map((line) => {
      const [word] = line.path === 'CHANGELOG.md' ? [] : (ARCHAISMS.exec(line.text) ?? []);
      return word === undefined ? undefined : `${place(line)} says "${word}"`;
    }),
  );
});

test(`a decision record fits ${LONGEST_RECORD_WORDS} words`, () => {
  none(
    PATHS.filter((path) => path.startsWith('docs/decisions/')).map((path) => {
      const words = readFileSync(join(ROOT, path), 'utf8').split(/\s+/).filter(isWord).length;
      return words > LONGEST_RECORD_WORDS ? `${path} has ${words} words` : undefined;
    }),
  );
});

/** The lines outside of code blocks. */
function linesOf(path: string): Line[] {
  let inCode = false;
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    const isFence = text.trimStart().startsWith('```');
    if (isFence) inCode = !inCode;
    return isFence || inCode ? [] : [{ path, number: index + 1, text }];
  });
}

function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

function linkFault(line: Line, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = '', heading] = link.split('#');
  const target = file === '' ? line.path : relative(ROOT, join(ROOT, dirname(line.path), file));
  if (!existsSync(join(ROOT, target))) return `${place(line)} links to ${link}, which is no file`;
  if (heading === undefined || headingsOf(target).includes(heading)) return undefined;
  return `${place(line)} links to ${link}, which is no heading of ${target}`;
}

/** As GitHub builds them: lower case, no punctuation, a hyphen for each space. */
function headingsOf(path: string): string[] {
  return linesOf(path)
    .filter(({ text }) => /^#+ /.test(text))
    .map(({ text }) =>
      text
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    );
}

function cellsOf(text: string): string[] {
  if (!text.startsWith('|')) return [];
  return text.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function isWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function place({ path, number }: Line): string {
  return `${path}:${number}`;
}

function none(faults: readonly (string | undefined)[]): void {
  assert.deepEqual(
    faults.filter((fault) => fault !== undefined),
    [],
  );
}
