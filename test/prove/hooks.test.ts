import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { wrapped } from '../../prove/hooks/facade.ts';
import { BREAKAGES, FAILPOINT_HOOKS, TUNINGS } from '../../prove/hooks/hooks.ts';
import { readSources } from '../architecture/sources.ts';

const HOOKS = [FAILPOINT_HOOKS, ...Object.values(TUNINGS), ...Object.values(BREAKAGES)].flat();
const SOURCES = readSources(['src']);

for (const place of new Set(HOOKS.map(({ file, name }) => `${file} ${name}`))) {
  const [file = '', name = ''] = place.split(' ');

  test(`${file} exports ${name}, and another file imports it`, async () => {
    const exported: object = await import(`#${file}`);
    assert(name in exported);
    const importers = SOURCES.filter(({ imports }) =>
      imports.some(
        ({ target, names, typeOnly }) => target === `src/${file}` && !typeOnly && [...names.values()].includes(name),
      ),
    );
    // Calls inside the file itself bypass the hook.
    assert.notEqual(importers.length, 0);
  });
}

test('a hook whose name is gone ends the start', () => {
  assert.throws(
    () => wrapped('store/people/links.ts', { claimAnything: () => {} }),
    /src\/store\/people\/links\.ts exports no claimLink/,
  );
});

const PRELOAD = new URL('../../prove/hooks/preload.ts', import.meta.url).href;

/** In a separate process, as the proof starts a server. */
function evaluate(code: string, environment: NodeJS.ProcessEnv = {}) {
  const args = ['--import', PRELOAD, '--input-type=module', '--eval', code];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env: { ...process.env, ...environment } });
}

test('a breakage takes the place of what every other file imports', () => {
  const code = "import { isLinkLive } from '#store/people/links.ts'; console.log(await isLinkLive());";
  const { stdout, stderr } = evaluate(code, { PROVE_BREAKAGE: 'link_claim_removed' });
  assert.equal(stdout, 'true\n', stderr);
});

test('a breakage that nobody knows ends the start', () => {
  const { status, stderr } = evaluate('', { PROVE_BREAKAGE: 'claim_removed' });
  assert.notEqual(status, 0);
  assert.match(stderr, /there is nothing to hook by the name claim_removed/);
});

const [DRIVERS = [], CLAIMS = []] = [true, false].map((isDriver) =>
  FAILPOINT_HOOKS.filter(({ name }) => name.endsWith('Driver') === isDriver),
);

function callAll(hooks: typeof FAILPOINT_HOOKS, call: (name: string) => string): string {
  const lines = hooks.map(({ file, name }) => `{ const { ${name} } = await import('#${file}'); await ${call(name)}; }`);
  return lines.join('\n');
}

function passes(failpoint: string, code: string, count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-hooks-'));
  const file = join(folder, 'failpoint');
  try {
    for (const [hits, signal] of [[count, 'SIGKILL'] as const, [count + 1, null] as const]) {
      writeFileSync(file, `${failpoint} ${hits}`);
      const ended = evaluate(code, { PROVE_FAILPOINT_FILE: file });
      assert.equal(ended.signal, signal, `${failpoint} ${hits}: ${ended.stderr}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('every claim passes the failpoint before it', () => {
  assert.equal(CLAIMS.length, 10);
  passes(
    'before_claim',
    callAll(CLAIMS, (name) => `${name}().catch(() => {})`),
    CLAIMS.length,
  );
});

test('the drivers of both databases pass the failpoint before COMMIT', () => {
  assert.equal(DRIVERS.length, 2);
  passes(
    'before_commit',
    callAll(DRIVERS, (name) => `${name}.prototype.commitTransaction().catch(() => {})`),
    2,
  );
});
