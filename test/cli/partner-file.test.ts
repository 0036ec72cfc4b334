import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '#config.ts';
import { openEnv } from '#env.ts';
import { openFolder, runHere } from './command-line.ts';

/** A database with three partners, and a way to write files beside it. */
async function open(t: TestContext) {
  const { folder, environment } = openFolder(t);
  const config = loadConfig(environment, { root: folder });
  assert(!('problem' in config));
  await (await openEnv({ ...config, logLevel: 'error' }, { create: true })).db.close();
  const run = (...args: readonly string[]) => runHere(args, environment);
  for (const slug of ['p1', 'p2', 'p3']) assert.equal((await run('partner', 'add', slug, '--slug', slug)).code, 0);
  const file = (text: string | Buffer) => {
    const path = join(folder, 'changes.csv');
    writeFileSync(path, text);
    return path;
  };
  const policies = async () => {
    const { out } = await run('partner', 'list', '--json');
    return JSON.parse(out).map((one: { mfa: { policy: string } }) => one.mfa.policy);
  };
  return { run, file, policies };
}

test('a file changes many partners, after a dry run that changes nothing', async (t) => {
  const { run, file, policies } = await open(t);
  const path = file('\ufeffslug;policy;from\r\np1;required;2099-03-01\r\np2;off;\r\np3;optional;\r\n');
  const dry = await run('partner', 'mfa', '--file', path, '--dry-run', '--json');
  assert.deepEqual([dry.code, JSON.parse(dry.out)], [0, { rows: 3, changes: 2, same: 1, faults: [], faultCount: 0 }]);
  assert.deepEqual(await policies(), ['off', 'off', 'off']);
  const done = await run('partner', 'mfa', '--file', path, '--reason', 'roll-out');
  assert.match(done.out, /^2 done, 1 left as they were, 0 failed\. The job is [0-9a-f-]{36}\.\n$/);
  assert.deepEqual([done.code, await policies()], [0, ['required', 'off', 'optional']]);
});

test('faults are named by line, and nothing is changed', async (t) => {
  const { run, file, policies } = await open(t);
  const path = file('slug,policy,from\np1,optional,\nnobody,off,\np2,off,2099-01-01\np1,off,\n');
  const { code, out, err } = await run('partner', 'mfa', '--file', path, '--reason', 'roll-out');
  assert.equal(code, 1);
  assert.deepEqual(out.trim().split('\n'), [
    ...['line 3: there is no such partner', 'line 4: only "required" takes a date', 'line 5: repeats an earlier row'],
  ]);
  assert.match(err, /nothing was changed/);
  assert.deepEqual(await policies(), ['off', 'off', 'off']);
  const latin = await run(
    'partner',
    'mfa',
    '--file',
    file(Buffer.from('slug,policy\nmüller,off\n', 'latin1')),
    '--dry-run',
  );
  assert.match(latin.err, /line 2: the file is not UTF-8/);
  const check = async (csv: string) => run('partner', 'mfa', '--file', file(csv), '--dry-run');
  assert.match((await check('slug,policy\np1,\0\n')).err, /line 2: this is not a text file: it contains a zero byte/);
  assert.match(
    (await check('slug,policy,Policy\np1,off,optional\n')).err,
    /two columns of the first row mean the same/,
  );
  const { out: gaps } = await check('slug,policy\n,off\nnot a slug,off\n');
  assert.match(gaps, /^line 2: a row needs a partner: [^\n]+\nline 3: not a slug/);
});

test('what does not go together is wrong usage', async (t) => {
  const { run, file } = await open(t);
  const path = file('slug,policy\np1,off\n');
  for (const args of [
    ['--file', path],
    ['--file', path, '--reason', ' '],
    ['p1', 'off', '--file', path, '--reason', 'x'],
    ['--file', path, '--from', '2099-01-01', '--reason', 'x'],
    ['p1', 'off', '--dry-run'],
    [],
  ]) {
    assert.equal((await run('partner', 'mfa', ...args)).code, 2, args.join(' '));
  }
  assert.equal((await run('partner', 'mfa', '--file', `${path}.gone`, '--reason', 'x')).code, 1);
});
