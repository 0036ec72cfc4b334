import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '#config.ts';
import { openEnv } from '#env.ts';
import { openFolder, runHere } from './command-line.ts';

async function open(t: TestContext) {
  const { folder, environment } = openFolder(t);
  const config = loadConfig(environment, { root: folder });
  assert(!('problem' in config));
  await (await openEnv({ ...config, logLevel: 'error' }, { create: true })).db.close();
  const run = (...args: readonly string[]) => runHere(args, environment);
  const file = (text: string | Buffer) => {
    const path = join(folder, 'people.csv');
    writeFileSync(path, text);
    return path;
  };
  const people = async () =>
    JSON.parse((await run('user', 'list', '--json')).out).map(({ email }: { email: string }) => email);
  const mails = async () => JSON.parse((await run('mail', 'list', '--json')).out).length;
  return { run, file, people, mails };
}

const ROWS =
  'partner;partner_name;email;name;role\r\nnord;Nordlicht;bo@nord.example;Bo;manager\r\nnord;;eva@nord.example;;\r\n';

test('a dry run adds nothing, the import adds all, and a second one finds them there', async (t) => {
  const { run, file, people, mails } = await open(t);
  const path = file(`\ufeff${ROWS}`);
  const dry = await run('user', 'import', path, '--dry-run', '--json');
  const adds = { rows: 2, adds: 2, partners: 1, people: 2 };
  assert.deepEqual([dry.code, JSON.parse(dry.out)], [0, { ...adds, exist: 0, faults: [], faultCount: 0 }]);
  const said = (await run('user', 'import', path, '--dry-run')).out;
  assert.match(said, /^2 rows without errors: 1 partner and 2 people would be added, 0 rows are there already\./);
  assert.deepEqual(await people(), []);
  const done = await run('user', 'import', path);
  assert.match(done.out, /^2 done, 0 left as they were, 0 failed\./);
  assert.deepEqual([done.code, await people(), await mails()], [0, ['bo@nord.example', 'eva@nord.example'], 0]);
  const again = await run('user', 'import', path, '--invite', 'now', '--json');
  assert.deepEqual([JSON.parse(again.out).unchanged, await mails()], [2, 0]);
});

test('people are invited now, or on a day', async (t) => {
  const { run, file, mails } = await open(t);
  assert.equal((await run('user', 'import', file(ROWS), '--invite', 'now')).code, 0);
  assert.equal(await mails(), 2);
  const later = 'partner,email\nnord,li@nord.example\n';
  assert.equal((await run('user', 'import', file(later), '--invite', '2099-01-01')).code, 0);
  assert.equal(await mails(), 2);
  assert.equal((await run('user', 'import', file(later), '--invite', 'soon')).code, 2);
});

test('faults are named by line, and nothing is added', async (t) => {
  const { run, file, people } = await open(t);
  const path = file('partner,partner_name,email\nnord,Nordlicht,bo@nord.example\nnord,,no email\nnew,,x@new.example\n');
  const { code, out, err } = await run('user', 'import', path);
  assert.deepEqual(out.trim().split('\n'), [
    'line 3: not a valid email address',
    'line 4: a new partner needs a name of 1 to 100 characters',
  ]);
  assert.deepEqual([code, await people()], [1, []]);
  assert.match(err, /nothing was changed/);
  assert.match(
    (await run('user', 'import', file(Buffer.from('partner,name\nx,Ü\n', 'latin1')))).err,
    /line 2: the file is not UTF-8/,
  );
  assert.match((await run('user', 'import', file('a,b\n1,2\n'))).err, /the first row must name the columns/);
  const twice = 'partner,email,E-mail\nnord,a@nord.example,b@nord.example\n';
  assert.match((await run('user', 'import', file(twice))).err, /two columns of the first row mean the same/);
  assert.equal((await run('user', 'import', `${path}.gone`)).code, 1);
  assert.match((await run('user', 'import', dirname(path))).err, /is a folder: give a CSV file/);
});
