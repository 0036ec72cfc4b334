import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { programName, withProgramName, withQuotedProgram } from '#cli/program-name.ts';

test('a hint names the command that works where it is printed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-name-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'sallyport'), '');
  chmodSync(join(bin, 'sallyport'), 0o755);
  const cache = join(folder, '_npx/0a1b');
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), JSON.stringify({ _npx: { packages: ['./sallyport-1.0.0.tgz'] } }));
  const installed = { packageFolder: join(folder, 'node_modules/sallyport'), isCheckout: false };
  const byNpx = { packageFolder: join(cache, 'node_modules/sallyport'), isCheckout: false };
  const checkout = { packageFolder: folder, isCheckout: true };
  const onPath = { PATH: `/usr/bin:${bin}` };
  assert.deepEqual(
    [
      programName({ ...checkout, env: { PATH: '/usr/bin' } }),
      programName({ ...checkout, env: onPath }),
      programName({ ...installed, env: { PATH: '/usr/bin' } }),
      programName({ ...installed, env: onPath }),
      // npm puts its own folders in front of the path, so the command is there only now.
      programName({ ...installed, env: { ...onPath, npm_command: 'exec' } }),
      programName({ ...byNpx, env: { ...onPath, npm_command: 'exec' } }),
    ],
    [
      'npm run -s sallyport --',
      'sallyport',
      'npx sallyport',
      'sallyport',
      'npx sallyport',
      'npx ./sallyport-1.0.0.tgz',
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
