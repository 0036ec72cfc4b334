import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { freePort, launch, openFolder, run, until } from './command-line.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const START_FILE = join(ROOT, 'bin/sallyport.mjs');

/** Runs a command with this file as standard output. Answers its exit code and its standard error. */
async function runInto(path: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const full = openSync(path, 'w');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [START_FILE, ...args], {
    stdio: ['ignore', full, 'pipe'],
    env: { PATH, ...environment },
  });
  closeSync(full);
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  await once(child, 'close');
  return { code: child.exitCode, err };
}

describe('a command beside a server', async () => {
  const cleanups: (() => void)[] = [];
  const later = { after: (done: () => void) => void cleanups.push(done) };
  const { folder, environment } = openFolder(later);
  let server: Awaited<ReturnType<typeof launch>>;

  test.before(async () => {
    server = await launch(later, ['serve'], { ...environment, PORT: String(await freePort()) });
    await run(['partner', 'add', 'Acme Telecom'], environment);
  });
  test.after(async () => {
    await server.stop();
    for (const clean of cleanups.reverse()) clean();
  });

  test('prints and mails links that the server answers, whatever PORT is in its own environment', async () => {
    const add = ['user', 'add', 'ana@acme.example', '--partner', 'acme-telecom', '--invite', '--json'];
    const added = await run(add, environment);
    assert.deepEqual([added.code, added.err], [0, '']);
    const { invitationUrl } = JSON.parse(added.out);
    assert.equal((await fetch(invitationUrl)).status, 200);
    const [mail] = JSON.parse((await run(['mail', 'list', '--json'], environment)).out);
    assert((await run(['mail', 'show', mail.id], environment)).out.includes(invitationUrl));
    const link = await run(['user', 'link', 'ana@acme.example'], { ...environment, PORT: '1' });
    assert.equal((await fetch(link.out.trim())).status, 200);
  });

  test('takes a password from PowerShell as it was typed', async () => {
    const signIn = async (email: string, password: string) => {
      const body = JSON.stringify({ email, password });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${server.url}/api/v1/sign-in`, { method: 'POST', headers, body })).status;
    };
    const typed = 'This is my long password 7';
    for (const [index, input] of [
      Buffer.from(`\uFEFF${typed}\r\n`),
      Buffer.from(`\uFEFF${typed}\r\n`, 'utf16le'),
      Buffer.from(`${typed}\r\n`),
    ].entries()) {
      const email = `p${index}@acme.example`;
      const said = await run(
        ['user', 'add', email, '--partner', 'acme-telecom', '--password-stdin'],
        environment,
        input,
      );
      assert.equal(said.code, 0, said.err);
      assert.equal(await signIn(email, typed), 200);
    }
    const add = ['user', 'add', 'no@acme.example', '--partner', 'acme-telecom', '--password-stdin'];
    const said = await run(add, environment, Buffer.from(typed, 'utf16le'));
    assert.equal(said.code, 1);
    assert.match(said.err, /^sallyport: the password on standard input is not UTF-8/);
  });

  test('says in one line that the disk under its output is full', { skip: !existsSync('/dev/full') }, async () => {
    for (const args of [
      ...[
        ['audit', 'export'],
        ['audit', 'export', '--format', 'csv'],
        ['user', 'list'],
        ['config'],
        ['routes', '--json'],
      ],
      ...[['--help'], ['--version'], ['partner', 'list', '--json'], ['user', 'link', 'ana@acme.example']],
    ]) {
      const { code, err } = await runInto('/dev/full', args, environment);
      assert.equal(code, 1, args.join(' '));
      assert.match(err, /^sallyport: the output could not be written \(ENOSPC\)[^\n]*\n$/, args.join(' '));
    }
  });

  test('writes a backup where the person stands who calls it by npm', async () => {
    const stands = join(folder, 'here');
    mkdirSync(stands);
    const byNpm = { ...environment, INIT_CWD: stands, npm_package_json: join(process.cwd(), 'package.json') };
    assert.equal((await run(['backup', './x.db'], byNpm)).code, 0);
    assert(existsSync(join(stands, 'x.db')));
    // A script in another folder means that folder.
    const elsewhere = { ...byNpm, npm_package_json: '/somewhere/package.json' };
    const dry = await run(['import', './x.db', '--dry-run'], elsewhere);
    assert.match(dry.err, new RegExp(`there is no file ${process.cwd()}/x\\.db`));
  });

  test('reads days as people type them, and explains what it does not', async () => {
    const from = (day: string) =>
      run(['partner', 'mfa', 'acme-telecom', 'required', '--from', day, '--json'], environment);
    for (const day of ['31.12.2098', '31/12/2098', '12/31/2098', '2098/12/31']) {
      const { out, err } = await from(day);
      assert.match(JSON.parse(out || '{}').mfa?.requiredFrom ?? err, /^2098-12-31T/, day);
    }
    const two = await from('4/5/2098');
    assert.equal(two.code, 2);
    assert.match(two.err, /--from 4\/5\/2098 may be 2098-05-04 or 2098-04-05: type one of them/);
    assert.equal((await run(['audit', 'export', '--since', '31.12.2020'], environment)).code, 0);
    assert.equal((await run(['audit', 'erase', '--before', '31.12.2000'], environment)).code, 0);
    assert.match((await run(['audit', 'export', '--since', '1/2/2020'], environment)).err, /may be 2020-02-01 or/);
  });
});

test('a link that is made while no server runs says what to set', async (t) => {
  const { environment } = openFolder(t);
  await (await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) })).stop();
  const add = ['staff', 'add', 'csm@portal.example', '--role', 'csm', '--invite', '--json'];
  const said = await run(add, environment);
  assert.match(JSON.parse(said.out).invitationUrl, /^http:\/\/localhost:3000\//);
  assert.match(
    said.err,
    /^sallyport: no server runs at http:\/\/localhost:3000 now: set SALLYPORT_PUBLIC_URL, or PORT/,
  );
  const known = { ...environment, SALLYPORT_PUBLIC_URL: 'https://sign-in.example.com' };
  const link = await run(['user', 'link', 'csm@portal.example'], known);
  assert.match(link.out, /^https:\/\/sign-in\.example\.com\/password\//);
  assert.equal(link.err, '');
});

test('a server goes on when the disk under its log is full', { skip: !existsSync('/dev/full') }, async (t) => {
  const { environment } = openFolder(t);
  const port = await freePort();
  const full = openSync('/dev/full', 'w');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [START_FILE, 'serve'], {
    stdio: ['ignore', full, full],
    env: { PATH, ...environment, PORT: String(port) },
  });
  closeSync(full);
  t.after(() => void child.kill('SIGKILL'));
  let isUp = false;
  const ask = async () => {
    isUp = await fetch(`http://localhost:${port}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  };
  const asking = setInterval(ask, 100);
  await until(() => isUp || child.exitCode !== null).finally(() => clearInterval(asking));
  assert(isUp, `it ended with ${child.exitCode}`);
});

test('the doctor never asks for the mode of a file on a folder', async (t) => {
  const { folder, environment } = openFolder(t);
  await (await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) })).stop();
  chmodSync(folder, 0o777);
  const asFolder = { SALLYPORT_DATABASE_URL: `sqlite:${folder}` };
  const ringIsFolder = join(folder, 'other', 'keys');
  mkdirSync(ringIsFolder, { recursive: true });
  chmodSync(ringIsFolder, 0o755);
  for (const given of [
    ...[asFolder, { ...environment, SALLYPORT_KEYS_FILE: folder }, { ...environment, SALLYPORT_SMTP_URL_FILE: '' }],
    { SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'other', 'new.db')}` },
  ]) {
    const { out, err } = await run(['doctor'], given);
    assert.doesNotMatch(out + err, /chmod 600 \S+(?<!\.db|keys)$/m);
    assert.doesNotMatch(out + err, new RegExp(`chmod 600 (${folder}|${ringIsFolder}|${ROOT})/?$`, 'm'));
  }
  const { out } = await run(['doctor'], { ...environment, SALLYPORT_KEYS_FILE: folder });
  assert.match(out, /fail +settings +SALLYPORT_KEYS_FILE names a folder: give the path of a file/);
  const serving = await run(['serve'], { SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'other', 'new.db')}` });
  assert.match(serving.err, /keys cannot be read \(EISDIR\): it is a folder, and the key ring is a file/);
});
