import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What a process has written to its log when it ends like this. */
function logged(end: string): string[] {
  const code = `import { makeEnv } from '#env.ts';
    const { log } = makeEnv({ logLevel: 'info', workers: 1, given: {} }, { db: {}, keys: {} });
    log.info('first');
    log.warn('second');
    log.info('third');
    ${end}`;
  const args = ['--input-type=module', '--eval', code];
  const { stdout } = spawnSync(process.execPath, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).msg]));
}

test('all lines are written in their order when a process ends or breaks', () => {
  for (const end of ['', 'process.exit(3)', "throw new Error('broken')"]) {
    assert.deepEqual(logged(end), ['first', 'second', 'third'], end);
  }
});

test('a warning is written at once, with the lines before it', () => {
  assert.deepEqual(logged("process.kill(process.pid, 'SIGKILL')"), ['first', 'second']);
});
