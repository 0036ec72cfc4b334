import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { circlesOf } from './circles.ts';
import { faultOf, roomOf } from './directions.ts';
import { reachOf } from './reach.ts';
import { type Find, readSources, type Source } from './sources.ts';

const EVERY_FILE = readSources(['src', 'prove', 'bench', 'test', 'examples']);
const ALL = EVERY_FILE.filter(({ path }) => path.startsWith('src/'));
/** The code that runs. Tests in the same folders have their own rules. */
const SOURCES = ALL.filter(({ path }) => !path.endsWith('.test.ts'));

test('every source file is read', () => {
  for (const path of [
    'src/main.ts',
    'src/core/authenticators/totp.ts',
    'src/http/app.ts',
    'src/features/sign-in/second-factor.ts',
  ]) {
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

test('no files import each other in a circle, neither to run nor for a type', () => {
  none(circlesOf(EVERY_FILE));
});

test('no file is named after nothing', () => {
  const nameless = /(^|\/)(utils?|helpers?|common|services?|types|index|misc)(\/|\.ts$)/;
  none(ALL.map(({ path }) => (nameless.test(path) ? path : undefined)));
});

/** Texts that are written in one file and imported everywhere else. A migration stays as it ran. */
const WRITTEN_ONCE: readonly { readonly text: RegExp; readonly where: string }[] = [
  { text: /\.toISOString\(/, where: 'src/core/time/day.ts' },
  { text: /\b24 \* (60 \* 60|HOUR_SECONDS)\b|\b86_?400\b/, where: 'src/core/time/spans.ts' },
];

test('the format of an instant and the length of a day are written once', () => {
  for (const { text, where } of WRITTEN_ONCE) {
    const found = SOURCES.filter((source) => text.test(source.text) && !source.path.includes('/migrations/'));
    assert.deepEqual(
      found.map(({ path }) => path),
      [where],
    );
  }
});

test('no type is any, and none is cast to another by way of unknown', () => {
  none(found(ALL, 'any', 'as unknown as'));
});

test('clock and chance are arguments of rules and flows', () => {
  const rooms = ['core', 'store', 'flows', 'features', 'mail', 'messages', 'demo'];
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

/**
 * Every request that passed a guard acts in a transaction of `flows/runtime/acting.ts`, which checks the guard again. A
 * file that begins another transaction is listed here with its reason: no guard runs before it, or it changes nothing
 * for a person who has lost the right.
 */
const WITHOUT_AUTHORITY: Readonly<Record<string, string>> = {
  'src/flows/runtime/acting.ts': 'is what asks again',
  'src/flows/runtime/transaction.ts': 'is what the others are made of',
  'src/flows/runtime/jobs.ts': 'runs by the clock',
  'src/flows/runtime/deliveries.ts': 'the same',
  'src/flows/runtime/audit-export.ts': 'runs on the command line',
  'src/flows/runtime/idempotency.ts': 'claims the name of an act around the transaction of the act, which asks',
  'src/flows/sign-in/check-password.ts': 'is public at sign-in; a session passes its authority along',
  'src/flows/authenticators/check-one-time-code.ts':
    'the pending sign-in is claimed, the session raised, by a conditional statement',
  'src/flows/authenticators/check-recovery-code.ts': 'the same',
  'src/flows/sign-in/hash-turn.ts':
    'counts a try; what the password is for asks, and a session passes its authority along',
  'src/flows/sign-in/note-refusal.ts': 'writes refusals down',
  'src/flows/authenticators/enrollment.ts': 'writes refusals down, and gives a claim back',
  'src/features/enrollment/at-sign-in.ts': 'skipping claims the pending sign-in by a conditional statement',
  'src/features/sign-in/password.ts': 'is public',
  'src/features/invitation/accept.ts': 'is public: a link is claimed',
  'src/features/invitation/first-administrator.ts': 'is public: a link is claimed',
  'src/features/sign-in/passkey.ts': 'is public: a challenge is used up by a conditional statement',
  'src/flows/authenticators/check-passkey.ts': 'counts the try with the authority of the attempt, as for a code',
  'src/flows/authenticators/enroll-passkey.ts':
    'uses up a challenge that failed; whatever opens runs under the authority',
  'src/features/recovery/request-link.ts': 'is public',
  'src/features/recovery/reset-password.ts': 'is public: a link is claimed',
  'src/features/recovery/revert-email.ts': 'is public: a link is claimed',
  'src/flows/runtime/signing-keys.ts': 'makes a key of the service itself',
  'src/features/forward-auth/check.ts': 'notes that a session was used, if it is still there',
  'src/features/forward-auth/enter.ts':
    'reads the session again and holds it; visit and ticket are claimed by a conditional statement',
  'src/flows/sign-in/sign-out.ts': 'is public: signs out whatever session there still is',
  'src/features/openid/authorize-routes.ts':
    'keeps a request of a browser until its person is known, and takes it back',
  'src/features/openid/commit.ts': 'the code or token is claimed, and its grant read again, by conditional statements',
  'src/features/openid/keep-request.ts': 'is public: keeps a request of a browser until its person is known',
  'src/features/openid/token-routes.ts': 'notes when a client was used',
  'src/features/security/routes.ts': 'clears the notice of this session, if there is one',
};

test('every act of a request asks again, in its transaction, what its guard asked', () => {
  const acting = SOURCES.filter(
    ({ path }) => ['flows', 'features'].includes(roomOf(path)) && !path.startsWith('src/features/operate/'),
  );
  const bare = acting.filter(({ finds }) => finds.some(({ what }) => what === 'transaction'));
  assert.deepEqual(bare.map(({ path }) => path).toSorted(), Object.keys(WITHOUT_AUTHORITY).toSorted());
});

test('every act on a person is declared, so that the table of permissions is asked', () => {
  const acting = SOURCES.filter(({ finds }) => finds.some(({ what }) => what === 'acting on a person'));
  assert.deepEqual(acting.map(({ path }) => path).toSorted(), [
    'src/flows/administration/act.ts',
    'src/flows/runtime/acting.ts',
  ]);
});

// The code to read for everything that happens when a code arrives: from the route handler down to the statements and
// up to the answer, with whole functions and types. Without the pages and the answer it is 2 600 lines; the English
// texts of all features count as one declaration of 1 300.
const HANDLER = { path: 'src/features/sign-in/code-routes.ts', name: 'submitOneTimeCode' };
const BUDGET = { lines: 8_000, files: 140 };

test(`what ${HANDLER.name} reaches stays within ${BUDGET.lines} lines of ${BUDGET.files} files`, (t) => {
  const { lines, files, fileLines } = reachOf(SOURCES, HANDLER.path, HANDLER.name);
  t.diagnostic(`${lines} lines of ${files.length} files, which have ${fileLines}`);
  assert(files.includes('src/store/authenticators/authenticators.ts'), 'the walk ends too early');
  assert(lines <= BUDGET.lines && files.length <= BUDGET.files, `${lines} lines: ${files.join(' ')}`);
});

test('every route has the method, the path and the guard that were reviewed', async () => {
  // Imported here, so that the other tests still run if the code does not load.
  const { routeTable } = await import('#http/app.ts');
  const { ROUTES } = await import('#routes.ts');
  const reviewed = readFileSync(new URL('../reviewed-routes.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const actual = routeTable(ROUTES).map(({ method, path, guard }) => `${method} ${path} ${guard}`);
  assert.deepEqual(actual.toSorted(), reviewed);
});

test('an address is written by the feature that answers there, and by core/paths.ts for all others', async () => {
  const ownersOf = await ownersOfAddresses();
  none(
    SOURCES.filter(({ path }) => path !== 'src/core/paths.ts').flatMap(({ path, addresses }) =>
      addresses.map(({ address, line }) => {
        const owners = ownersOf.get(address);
        return owners === undefined || owners.some((owner) => path.startsWith(owner))
          ? undefined
          : `${path}:${line} writes ${address} of ${owners.join(' and ')}`;
      }),
    ),
  );
});

test('a route answers at every address that rooms share', async () => {
  const { PATHS } = await import('#core/paths.ts');
  const { ROUTES } = await import('#routes.ts');
  const isBelow = (pattern: string, address: string): boolean => {
    const parts = pattern.split('/');
    return address.split('/').every((part, index) => parts[index] === part || parts[index]?.startsWith(':'));
  };
  none(Object.values(PATHS).filter((address) => !ROUTES.some(({ path }) => isBelow(path, address))));
});

/** The feature folders that declare routes below an address. All of them may use `/api`. */
async function ownersOfAddresses(): Promise<ReadonlyMap<string, readonly string[]>> {
  const owners = new Map<string, readonly string[]>();
  for (const { path } of SOURCES.filter((source) => /^src\/features\/.*(routes|api)\.ts$/.test(source.path))) {
    const folder = path.split('/').slice(0, 3).join('/');
    const exported = Object.values<unknown>(await import(`../../${path}`)).flat();
    for (const route of exported) {
      if (typeof route !== 'object' || route === null || !('path' in route)) continue;
      const address = String(route.path).split('/').slice(0, 2).join('/');
      const known = owners.get(address) ?? [];
      if (address !== '/api' && !known.includes(folder)) owners.set(address, [...known, folder]);
    }
  }
  return owners;
}

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
