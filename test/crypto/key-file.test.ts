import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readOrMakeKeyFile } from '#crypto/key-file.ts';
import { loadKeyRing } from '#crypto/key-ring.ts';

const root = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
after(() => rmSync(root, { recursive: true }));

function textOf(path: string, create: boolean): string {
  const text = readOrMakeKeyFile(path, { create });
  return typeof text === 'string' ? text : assert.fail(text.problem);
}

function problemOf(path: string, create: boolean): string {
  const text = readOrMakeKeyFile(path, { create });
  return typeof text === 'string' ? assert.fail('it is read') : text.problem;
}

test('a missing file is made with its folder, for its owner alone, and read again as it is', () => {
  const path = join(root, 'new/data/keys');
  const text = textOf(path, true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(textOf(path, true), text);
  assert.equal(textOf(path, false), text);
  assert.ok(!('problem' in loadKeyRing(text)));
  assert.deepEqual(readdirSync(join(root, 'new/data')), ['keys']);
});

test('without create a missing file is named and not made', () => {
  const path = join(root, 'absent');
  assert.match(problemOf(path, false), /^\S+\/absent is missing: .+$/);
  assert.match(problemOf(path, false), /is missing/);
});

test('a file that others may read is refused', () => {
  const path = join(root, 'open');
  writeFileSync(path, 'k1:topsecret\n');
  for (const mode of [0o640, 0o604, 0o644, 0o660]) {
    chmodSync(path, mode);
    assert.match(problemOf(path, true), /may be read by others: chmod 600 /);
    assert.doesNotMatch(problemOf(path, true), /topsecret/);
  }
  chmodSync(path, 0o600);
  assert.equal(textOf(path, true), 'k1:topsecret');
});

test('a folder in its place is one clear line', () => {
  const path = join(root, 'folder', 'keys');
  textOf(join(path, 'inner'), true);
  chmodSync(path, 0o700);
  assert.match(problemOf(path, true), /cannot be read \(EISDIR\)/);
});

test('processes that start at once agree on one ring', async () => {
  const path = join(root, 'shared/keys');
  // All report that they are ready and wait for one signal, so that they collide in the file system.
  const program = `
    const { readOrMakeKeyFile } = await import('#crypto/key-file.ts');
    process.stdout.write('ready ');
    process.stdin.once('data', () => {
      process.stdout.write(readOrMakeKeyFile(process.argv[1], { create: true }));
      process.exit();
    });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program, path]),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  const answers = children.map(async (child) => (await child.stdout.toArray()).join(''));
  for (const child of children) child.stdin.write('go');
  const texts = await Promise.all(answers);
  assert.match(texts[0] ?? '', /^k1:/);
  assert.equal(new Set(texts).size, 1);
  assert.equal(readFileSync(path, 'utf8'), `${texts[0]}\n`);
  assert.deepEqual(readdirSync(join(root, 'shared')), ['keys']);
});
