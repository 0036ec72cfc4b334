import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Words that we gave up, and their replacements. The rule covers comments, identifiers, test names and texts. */
const GIVEN_UP: readonly { readonly word: RegExp; readonly instead: string }[] = [
  { word: /[Mm]outh/, instead: 'channel' },
  { word: /(?<!\b[Aa]p|[a-z]Ap)[Pp]rover/, instead: 'FactorAttempt' },
  { word: /\baskOf\b|\btype Ask\b|: Ask\b/, instead: 'RequestContext' },
  { word: /\b[Hh]ouses?\b|(?<=[a-z])House/, instead: 'ServerContext, lockAdministrators, or what it is' },
  { word: /\brow of failures\b|\b(?:rule|tries)\.row\b/, instead: 'failure streak' },
  { word: /\b(?:check)?Standing\b|\.standing\b|\bstanding:/, instead: 'shutdownState, or what a session may do' },
  { word: /\bWire\b|(?<![#'"`/])\bwire\b(?!:)/, instead: 'raw response, connection' },
  // The picture of two doors on the pages is called `doors`.
  { word: /\bdoor\b|\bDoor\b|(?<=[a-z])Doors?\b/, instead: 'factor, step, lockout or cast boundary' },
  { word: /\bwhoever\b/i, instead: 'who it is' },
  { word: /\banew\b|[a-z]Anew\b/i, instead: 'again' },
  { word: /\b(?:but|save) for\b/i, instead: 'except for' },
  { word: /\bamid\b/i, instead: 'during' },
  { word: /\btold nothing\b|\btell(?:s|ing)? of\b/i, instead: 'reports' },
];

/** Texts on the screen, the lists of these words, migrations, and the test of the one that renames a column. */
const LEFT_OUT =
  /\/locales\/|\/articles\/|\/migrations\/|^test\/(?:architecture\/(?:words|documents)|words)\.test\.ts$|^test\/contracts\/store\/channel-column\.test\.ts$/;

const PATHS = globSync('{src,test,prove,bench}/**/*.ts', { cwd: ROOT }).filter((path) => !LEFT_OUT.test(path));

test('no source file uses a word that was given up', () => {
  assert.ok(PATHS.includes('src/main.ts') && PATHS.includes('test/world.ts'));
  assert.deepEqual(PATHS.flatMap(faultsOf), []);
});

function faultsOf(path: string): readonly string[] {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
  return lines.flatMap((line, index) =>
    GIVEN_UP.filter(({ word }) => word.test(line)).map(
      ({ word, instead }) => `${path}:${index + 1} says "${word.exec(line)?.[0]}" instead of ${instead}`,
    ),
  );
}
