import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faultOf, roomOf } from './architecture/directions.ts';
import { type Find, readSources, type Source } from './architecture/sources.ts';

const ALL = readSources();
/** What runs; tests stand beside some of it and have freedoms of their own. */
const SOURCES = ALL.filter(({ path }) => !path.endsWith('.test.ts'));

const LONGEST_FUNCTION = 40;
const LONGEST_FILE = 250;

test('the whole house is read', () => {
  for (const path of ['src/main.ts', 'src/core/totp.ts', 'src/http/app.ts', 'src/features/sign-in/second-factor.ts']) {
    assert(
      SOURCES.some((source) => source.path === path),
      `${path} is not among the sources`,
    );
  }
  assert(SOURCES.some(({ imports }) => imports.some(({ lazy }) => lazy)));
});

test('every import goes in a direction that the rooms allow', () => {
  none(SOURCES.flatMap((source) => source.imports.map((imported) => faultOf(source, imported))));
});

test('no file hands on what another one exports', () => {
  none(ALL.flatMap(({ path, imports }) => imports.map(({ reExport }) => (reExport ? path : undefined))));
});

test('no file needs itself to be loaded first', () => {
  none(
    SOURCES.map(({ path, imports }) => {
      const behind = imports.filter(({ typeOnly, lazy }) => !typeOnly && !lazy).flatMap(({ target }) => reach(target));
      return behind.some((source) => source.path === path) ? path : undefined;
    }),
  );
});

test('no file is named after nothing', () => {
  const nameless = /(^|\/)(utils?|helpers?|common|services?|types|index|misc)(\/|\.ts$)/;
  none(ALL.map(({ path }) => (nameless.test(path) ? path : undefined)));
});

test('a function fits 40 lines and a file 250', () => {
  none(
    SOURCES.flatMap(({ path, lines, functions }) => [
      lines > LONGEST_FILE ? `${path} has ${lines} lines` : undefined,
      ...functions.map((one) =>
        one.lines > LONGEST_FUNCTION ? `${path}:${one.line} is a function of ${one.lines} lines` : undefined,
      ),
    ]),
  );
});

test('no type is any, and none is cast to another by way of unknown', () => {
  none(found(ALL, 'any', 'as unknown as'));
});

test('clock and chance are arguments of rules and flows', () => {
  const rooms = ['core', 'store', 'flows', 'features', 'mail', 'messages'];
  none(
    found(
      SOURCES.filter(({ path }) => rooms.includes(roomOf(path))),
      'clock',
      'chance',
    ),
  );
});

test('core waits for nothing', () => {
  none(
    found(
      ALL.filter(({ path }) => roomOf(path) === 'core'),
      'async',
    ),
  );
});

// What the handler of one code can reach decides whether a reviewer can hold it in mind: 7 files in the smallest example
// of this field, 103 and 155 in the large ones.
const BUDGETS = [
  { start: 'src/flows/check-one-time-code.ts', files: 20, lines: 2_000 },
  // Both codes, the new session and the notice that follows.
  { start: 'src/features/sign-in/second-factor.ts', files: 40, lines: 3_300 },
];

for (const { start, files, lines } of BUDGETS) {
  test(`${start} reaches at most ${files} files and ${lines} lines`, (t) => {
    const reached = reach(start);
    const total = reached.reduce((sum, source) => sum + source.lines, 0);
    t.diagnostic(
      `${reached.length} files, ${total} lines; src/routes.ts reaches ${reach('src/routes.ts').length} files`,
    );
    assert(reached.length > 1);
    assert(reached.length <= files && total <= lines, `${reached.length} files, ${total} lines: ${paths(reached)}`);
  });
}

test('every route has the method, the path and the guard that were reviewed', async () => {
  // Not before the other tests: they have something to say of a house that does not load.
  const { routeTable } = await import('#http/app.ts');
  const { ROUTES } = await import('#routes.ts');
  const reviewed = readFileSync(new URL('reviewed-routes.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const actual = routeTable(ROUTES).map(({ method, path, guard }) => `${method} ${path} ${guard}`);
  assert.deepEqual(actual.toSorted(), reviewed);
});

function none(faults: readonly (string | undefined)[]): void {
  assert.deepEqual(
    faults.filter((fault) => fault !== undefined),
    [],
  );
}

function found(sources: readonly Source[], ...kinds: readonly Find[]): string[] {
  return sources.flatMap(({ path, finds }) =>
    finds.filter(({ what }) => kinds.includes(what)).map(({ what, line }) => `${path}:${line} ${what}`),
  );
}

/** The file and everything that it loads, at once or later. */
function reach(start: string, reached = new Map<string, Source>()): readonly Source[] {
  const source = SOURCES.find(({ path }) => path === start);
  if (source === undefined || reached.has(start)) return [...reached.values()];
  reached.set(start, source);
  for (const { target, typeOnly } of source.imports) if (!typeOnly) reach(target, reached);
  return [...reached.values()];
}

function paths(sources: readonly Source[]): string {
  return sources.map(({ path }) => path).join(' ');
}
