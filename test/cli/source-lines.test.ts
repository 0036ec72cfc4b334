import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFolder, run } from './command-line.ts';

const THROWS = 'src/store/engine/sqlite/open.ts';

test('a stack trace of the bundle names the line of the source', async (t) => {
  const { environment } = openFolder(t);
  const { err } = await run(['user', 'list'], { ...environment, SALLYPORT_LOG_LEVEL: 'trace' });
  const found = new RegExp(`[( ]${THROWS}:(\\d+):\\d+`).exec(err);
  assert.ok(found, err);
  const line = readFileSync(join(import.meta.dirname, '../..', THROWS), 'utf8').split('\n')[Number(found[1]) - 1];
  assert.match(line ?? '', /throw new Error\(`there is no database at/);
  assert.doesNotMatch(err, /dist\//, 'no line of it names the bundle');
});
