import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { programName, withProgramName, withQuotedProgram } from '#cli/program-name.ts';

/** A folder with the ways in which the program can be there. */
function openPlaces(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-name-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'sallyport'), '');
  chmodSync(join(bin, 'sallyport'), 0o755);
  const cache = join(folder, '_npx/0a1b');
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(cache, 'package.json'),
    JSON.stringify({ dependencies: { sallyport: 'file:../../my shop/sallyport-1.0.0.tgz' } }),
  );
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/.bin/sallyport'), '');
  const elsewhere = { cwd: '/', packageFolder: join(folder, 'node_modules/sallyport'), isCheckout: false };
  const installed = { ...elsewhere, cwd: folder };
  const byNpx = { packageFolder: join(cache, 'node_modules/sallyport'), isCheckout: false };
  const checkout = { cwd: folder, packageFolder: folder, isCheckout: true };
  const onPath = { PATH: `/usr/bin:${bin}` };
  const byNpm = { ...onPath, npm_command: 'exec' };
  return { folder, elsewhere, installed, byNpx, checkout, onPath, byNpm };
}

test('a hint names the command that works where it is printed', (t) => {
  const { folder, elsewhere, installed, byNpx, checkout, onPath, byNpm } = openPlaces(t);
  assert.deepEqual(
    [
      programName({ ...checkout, env: { PATH: '/usr/bin' } }),
      programName({ ...checkout, env: onPath }),
      programName({ ...installed, env: { PATH: '/usr/bin' } }),
      programName({ ...installed, env: onPath }),
      // npm puts its own folders in front of the path, so the command is there only now.
      programName({ ...installed, env: byNpm }),
      programName({ ...elsewhere, env: byNpm }),
      programName({ ...byNpx, cwd: join(folder, 'my shop'), env: byNpm }),
      programName({ ...byNpx, cwd: '/', env: byNpm }),
    ],
    [
      'npm run -s sallyport --',
      'sallyport',
      'npx sallyport',
      'sallyport',
      'npx sallyport',
      `node ${folder}/node_modules/sallyport/bin/sallyport.mjs`,
      'npx ./sallyport-1.0.0.tgz',
      `npx 'file:${folder}/my shop/sallyport-1.0.0.tgz'`,
    ],
  );
});

test('only commands are replaced: no name of the product, and in results no name that somebody typed', () => {
  const here = programName();
  assert.equal(
    withProgramName('sallyport: "sallyport user list" shows who, see sallyport keys --help; @sallyport.example'),
    `sallyport: "${here} user list" shows who, see ${here} keys --help; @sallyport.example`,
  );
  assert.equal(
    withQuotedProgram('sallyport users ltd: "sallyport keys rotate"'),
    `sallyport users ltd: "${here} keys rotate"`,
  );
});
