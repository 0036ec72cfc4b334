import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { browserAt, PASSWORD } from '../world.ts';
import { freePort, until } from './command-line.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const COPIED = ['bin', 'src', 'public', 'examples', 'package.json', 'package-lock.json'];
/** `nobody` of Debian. */
const NOBODY = 65_534;

describe('a checkout whose sources change', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-build-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const name of COPIED) cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  const start = join(folder, 'bin/sallyport.mjs');
  const { PATH = '', NODE_EXTRA_CA_CERTS = '' } = process.env;
  const env = { PATH, NODE_EXTRA_CA_CERTS, SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'data/sallyport.db')}` };
  const version = (user?: number) =>
    spawnSync(process.execPath, [start, '--version'], {
      ...{ env, encoding: 'utf8' },
      ...(user !== undefined && { uid: user, gid: user }),
    });
  /** A change of a file that the server imports at first use. */
  const change = () =>
    appendFileSync(join(folder, 'src/features/console/adoption/page.ts'), `\nconsole.debug(${Date.now()});\n`);

  test('a server goes on with the build that it was started from, however often it is built again', async (t) => {
    const port = String(await freePort());
    const server = spawn(process.execPath, [start, 'serve'], { env: { ...env, PORT: port }, stdio: 'pipe' });
    t.after(() => void server.kill('SIGKILL'));
    let said = '';
    server.stdout.on('data', (text) => {
      said += text;
    });
    await until(() => said.includes('/invitation/') || server.exitCode !== null);
    const admin = browserAt({ fetch: (sent) => fetch(sent, { redirect: 'manual' }) }, '', `http://localhost:${port}`);
    const invitation = /\/invitation\/[\w-]{43}/.exec(said)?.[0] ?? assert.fail(said);
    await admin.post(invitation, { email: 'root@portal.example', name: 'Root', password: PASSWORD });
    await admin.enroll(Date.now() / 1000);
    // The server has run for longer than the chunks of old builds are kept.
    const started = new Date(Date.now() - 40 * 24 * 60 * 60 * 1000);
    for (const name of readdirSync(join(folder, 'dist/app')))
      utimesSync(join(folder, 'dist/app', name), started, started);
    for (const build of ['by a command', 'by npm run build']) {
      change();
      const args = build === 'by a command' ? [start, '--version'] : [join(folder, 'bin/build.mjs')];
      const built = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
      assert.equal(built.status, 0, built.stderr);
    }
    // While a command ran, nothing here noticed that the server closed an idle connection.
    await setTimeout(100);
    const page = await admin.get('/console/adoption');
    assert.equal(page.status, 200, said);
    server.kill('SIGKILL');
    await once(server, 'close');
  });

  test('what is missing or unreadable of a build is built again', () => {
    const chunk = readdirSync(join(folder, 'dist/app')).find((name) => /^user-.*\.js$/.test(name)) ?? assert.fail();
    rmSync(join(folder, 'dist/app', chunk));
    assert.equal(version().stderr, '');
    assert.ok(readdirSync(join(folder, 'dist/app')).includes(chunk));
    writeFileSync(join(folder, 'dist/build.json'), '');
    assert.equal(version().status, 0);
    rmSync(join(folder, 'dist/app'), { recursive: true });
    assert.equal(version().status, 0);
  });

  test('a user who cannot write the build runs the older one, with a line that says what to do', (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can be another user');
    if (version(NOBODY).status !== 0) return t.skip('another user cannot read this checkout');
    change();
    const { status, stdout, stderr } = version(NOBODY);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match(
      stderr,
      /^sallyport: this program is older than its sources, and [^\n]* run "npm run build" as [^\n]*\n$/,
    );
  });
});
