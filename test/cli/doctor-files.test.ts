import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openKeyWorld } from '../keys/key-world.ts';

test('the doctor names each file that others may read or write, and one that cannot be read is a line', async (t) => {
  const world = openKeyWorld(t);
  const none = await world.commandWith(['doctor'], { SALLYPORT_KEYS_FILE: join(world.folder, 'nowhere') });
  assert.equal(none.code, 1);
  assert.match(none.out, /^fail +settings +SALLYPORT_KEYS_FILE names a file that cannot be read: give the path/m);
  assert.match(none.out, /^fail +secret files +SALLYPORT_KEYS_FILE: \S+nowhere cannot be read: give the path/m);
  await (await world.serve('one:1')).stop();
  const ring = join(world.folder, 'ring');
  writeFileSync(ring, world.ring());
  for (const [mode, line] of [
    [0o644, /^warn +secret files +SALLYPORT_KEYS_FILE: everybody may read \S+ring: chmod 600/m],
    [0o660, /^fail +secret files +SALLYPORT_KEYS_FILE: others may write \S+ring: chmod 600/m],
    [0o600, /^ok +secret files +1 in use, none open to everybody/m],
  ] as const) {
    chmodSync(ring, mode);
    assert.match((await world.commandWith(['doctor'], { SALLYPORT_KEYS_FILE: ring })).out, line);
  }
  chmodSync(join(world.folder, 'keys'), 0o640);
  const { out, code } = await world.command(['doctor']);
  assert.equal(code, 1);
  assert.match(out, /^fail +files +others may read \S+keys: chmod 600/m);
  assert.match(out, /^fail +keys +\S+keys holds the keys and may be read by others: chmod 600/m);
});

test('the doctor names a data folder in which others may replace the files', async (t) => {
  const world = openKeyWorld(t);
  await (await world.serve('one:1')).stop();
  chmodSync(world.folder, 0o777);
  const said = await world.command(['doctor']);
  assert.equal(said.code, 1);
  assert.match(said.out, /^fail +files +others may replace files in (\S+): chmod go-w \1$/m);
});
