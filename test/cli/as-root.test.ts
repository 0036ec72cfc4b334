import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildIfStale } from '../../bin/build.mjs';
import { assertRefused, freePort, run } from './command-line.ts';

const START_FILE = join(import.meta.dirname, '../../bin/sallyport.mjs');
/** `nobody` and `nogroup` of Debian: a user that owns nothing here. */
const NOBODY = 65_534;

// Another user could not write the bundle.
buildIfStale();
const skip = whyNot();

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root can make files for another user';
  const asNobody = spawnSync(process.execPath, [START_FILE, '--version'], { uid: NOBODY, gid: NOBODY, env: {} });
  return asNobody.status === 0 ? false : 'another user cannot read this checkout';
}

/** The data of a service that runs as `nobody`. */
function openService(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-owner-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chownSync(folder, NOBODY, NOBODY);
  const settings = (name: string) => ({ SALLYPORT_DATABASE_URL: `sqlite:${join(folder, name, 'sallyport.db')}` });
  return { folder, settings };
}

async function serveAsNobody(t: TestContext, environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { PATH = '' } = process.env;
  const env = { PATH, PORT: String(await freePort()), ...environment };
  const child = spawn(process.execPath, [START_FILE, 'serve'], { uid: NOBODY, gid: NOBODY, env });
  t.after(() => void child.kill('SIGKILL'));
  let said = '';
  const started = new Promise<void>((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += text;
      if (said.includes(' is at http')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => reject(new Error(`no start: ${said}`)));
  });
  await started;
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGINT');
  await once(child, 'close');
}

/** Every file and folder inside that the service does not own. */
function foreignIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const { uid, gid } = statSync(join(folder, name));
    return uid !== NOBODY || gid !== NOBODY;
  });
}

const COMMANDS = [
  ['partner', 'add', 'Acme Telecom'],
  ['keys', 'rotate'],
  ['keys', 'retire', 'k1', '--void-recovery-codes'],
  ['audit', 'verify'],
  ['audit', 'export'],
  ['doctor'],
] as const;

test('whatever root does beside a server of another user stays that user’s, and the server starts again', {
  skip,
}, async (t) => {
  const { folder, settings } = openService(t);
  const environment = settings('data');
  const first = await serveAsNobody(t, environment);
  // With the server running, and without it, when root creates the database log as well.
  for (const isDown of [false, true]) {
    if (isDown) await stop(first);
    for (const args of COMMANDS) {
      if (isDown && args[1] === 'add') continue;
      const said = await run(args, environment);
      assert.ok(said.code === 0 || args[1] === 'retire' || args[0] === 'doctor', `${args}: ${said.err}`);
      assert.deepEqual(foreignIn(folder), [], args.join(' '));
    }
  }
  assert.equal((await run(['backup', join(folder, 'data', 'a.backup')], environment)).code, 0);
  assert.deepEqual(foreignIn(folder), []);
  await stop(await serveAsNobody(t, environment));
});

test('root runs no compiled code that the account of the service keeps, and that account does', { skip }, async (t) => {
  const { folder, settings } = openService(t);
  const environment = settings('data');
  await stop(await serveAsNobody(t, environment));
  assert.ok(readdirSync(join(folder, 'data', 'compile-cache')).length > 0);
  const { PATH = '' } = process.env;
  const env = { PATH, ...environment, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const readsBy = (uid: number) => {
    const said = spawnSync(process.execPath, [START_FILE, 'user', 'list'], { env, uid, gid: uid, encoding: 'utf8' });
    assert.equal(said.status, 0, said.stderr);
    return said.stderr.split('\n').filter((line) => /reading cache from .*data\/compile-cache/.test(line)).length;
  };
  assert.ok(readsBy(NOBODY) > 0);
  assert.equal(readsBy(0), 0);
});

test('a backup that root restores into a new folder is of the owner of that folder', { skip }, async (t) => {
  const { folder, settings } = openService(t);
  await stop(await serveAsNobody(t, settings('data')));
  const backup = join(folder, 'a.backup');
  assert.equal((await run(['backup', backup], settings('data'))).code, 0);
  const later = join(folder, 'later');
  mkdirSync(later, { mode: 0o700 });
  chownSync(later, NOBODY, NOBODY);
  const keys = join(later, 'keys');
  copyFileSync(join(folder, 'data', 'keys'), keys);
  chownSync(keys, 0, 0);
  const refused = await run(['restore', backup], settings('later'));
  assertRefused(refused, 1, new RegExp(`${keys} belongs to another user than its folder: chown 65534:65534 ${keys}, `));
  assert.deepEqual(readdirSync(later), ['keys']);
  chownSync(keys, NOBODY, NOBODY);
  assert.equal((await run(['restore', backup], settings('later'))).code, 0);
  assert.deepEqual(foreignIn(folder), []);
  await stop(await serveAsNobody(t, settings('later')));
});

test('a server that root starts by mistake leaves files that the right user can go on with', { skip }, async (t) => {
  const { folder, settings } = openService(t);
  const { PATH = '' } = process.env;
  // In missing folders, two levels deep.
  const environment = settings('new/data');
  const env = { PATH, PORT: String(await freePort()), ...environment };
  const child = spawn(process.execPath, [START_FILE, 'serve'], { env });
  t.after(() => void child.kill('SIGKILL'));
  for await (const text of child.stdout) if (String(text).includes(' is at http')) break;
  assert.deepEqual(foreignIn(folder), []);
  await stop(child);
  assert.deepEqual(foreignIn(folder), []);
  await stop(await serveAsNobody(t, environment));
});

test('the doctor names what belongs to another user than the database', { skip }, async (t) => {
  const { folder, settings } = openService(t);
  await stop(await serveAsNobody(t, settings('data')));
  const keys = join(folder, 'data', 'keys');
  chownSync(keys, 0, 0);
  const { out, code } = await run(['doctor'], settings('data'));
  assert.equal(code, 1);
  assert.match(out, new RegExp(`fail +files +${keys} belongs to another user than the database: chown --reference=`));
});

test('another user is told whose the folder of the database is', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-closed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { PATH = '' } = process.env;
  const env = { PATH, SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'sallyport.db')}` };
  for (const command of [['serve'], ['user', 'list']]) {
    const said = spawnSync(process.execPath, [START_FILE, ...command], {
      env,
      uid: NOBODY,
      gid: NOBODY,
      encoding: 'utf8',
    });
    assert.equal(said.status, 1);
    assert.match(
      said.stderr,
      new RegExp(`^sallyport: the folder ${folder} is closed to the user ${NOBODY}[^\\n]*\\n$`),
    );
  }
});
