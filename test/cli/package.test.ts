import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { browserAt, codeOf, PASSWORD } from '../world.ts';
import { freePort, until } from './command-line.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const MEGABYTE = 1024 * 1024;

/** What this machine needs to reach the registry, for example through a company's proxy. */
const NETWORK = /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_\w+|npm_config_(registry|cafile|globalconfig))$/i;

/** An empty folder, an empty home, and no settings but these: a machine that has only Node and npm. */
function emptyMachine(folder: string) {
  const home = join(folder, 'home');
  const place = join(folder, 'place');
  for (const path of [home, place]) mkdirSync(path);
  const network = Object.entries(process.env).filter(([name]) => NETWORK.test(name));
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const env = { PATH: path, HOME: home, npm_config_update_notifier: 'false', ...Object.fromEntries(network) };
  return { place, env };
}

describe('the package, installed in an empty folder with an empty home', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));
  const { place, env } = emptyMachine(folder);
  const npm = (program: 'npm' | 'npx', args: readonly string[], cwd = place) =>
    spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  let tarball: string;

  before(() => {
    const packed = npm('npm', ['pack', '--silent', '--pack-destination', place], CHECKOUT);
    assert.equal(packed.status, 0, packed.stderr);
    tarball = packed.stdout.trim();
    const installed = npm('npm', ['install', '--no-audit', `./${tarball}`]);
    assert.equal(installed.status, 0, installed.stderr);
    assert.equal(installed.stderr, '', 'an install without a warning');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('has at most 13 MB packed and unpacked, and 60 MB with all that it needs', () => {
    assert.ok(statSync(join(place, tarball)).size <= 13 * MEGABYTE);
    assert.ok(bytesIn(join(place, 'node_modules/sallyport')) <= 13 * MEGABYTE);
    assert.ok(bytesIn(join(place, 'node_modules')) <= 60 * MEGABYTE);
  });

  test('is JavaScript that runs nothing when it is installed, with the licences of what it contains', () => {
    const root = join(place, 'node_modules/sallyport');
    const files = filesIn(root);
    assert.deepEqual([...new Set(files.filter((name) => /\.(m?ts|tsx|node|sh|exe)$/.test(name)))], []);
    assert.deepEqual(readdirSync(root).sort(), ['LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'public']);
    assert.deepEqual(readdirSync(join(root, 'bin')), ['sallyport.mjs']);
    const { scripts, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(scripts[name], undefined);
    assert.deepEqual(Object.keys(dependencies), ['@node-rs/argon2']);
    const notices = readFileSync(join(root, 'dist/app/third-party-notices.txt'), 'utf8');
    for (const name of ['@simplewebauthn/browser', 'hono', 'kysely', 'zod', 'oidc-provider', 'pg'])
      assert.match(notices, new RegExp(`^${name} `, 'm'));
    // Maps of files that the build before made would be of no use.
    for (const map of files.filter((name) => name.endsWith('.map'))) assert.ok(files.includes(map.slice(0, -4)), map);
  });

  test('serves from the folder it is started in, from the first administrator to a signed-in phone', async (t) => {
    const url = `http://localhost:${await freePort()}`;
    const settings = { ...env, PORT: new URL(url).port };
    const server = spawn(join(place, 'node_modules/.bin/sallyport'), ['serve'], { cwd: place, env: settings });
    t.after(() => void server.kill('SIGKILL'));
    let said = '';
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (said += text));
    await until(() => said.includes('/invitation/') || server.exitCode !== null);
    const invitation = /\/invitation\/[\w-]{43}/.exec(said)?.[0] ?? assert.fail(said);
    assert.deepEqual(readdirSync(join(place, 'data')).sort().slice(0, 2), ['compile-cache', 'keys']);

    const app = { fetch: (request: Request) => fetch(request, { redirect: 'manual' }) };
    const root = { email: 'root@portal.example', name: 'Root', password: PASSWORD };
    const accepted = await browserAt(app, '', url).post(invitation, root);
    assert.equal(accepted.status, 303, accepted.text);

    const command = (args: readonly string[], input = '') => {
      const ran = spawnSync('npx', ['sallyport', ...args], { cwd: place, env, input, encoding: 'utf8' });
      assert.equal(ran.status, 0, ran.stderr);
      return ran.stdout;
    };
    command(['partner', 'add', 'Acme Telecom', '--mfa', 'required']);
    command(['user', 'add', 'ana@acme.example', '--partner', 'acme-telecom', '--password-stdin'], `${PASSWORD}\n`);
    // This command asks the database for the port.
    assert.match(command(['user', 'link', 'ana@acme.example']), new RegExp(`^${url}/password/`, 'm'));

    await setTimeout(100); // Until it is noticed here that the server closed idle connections while a command ran.
    const ana = browserAt(app, '', url);
    await ana.signIn('ana@acme.example');
    const secret = await ana.enroll(Date.now() / 1000);
    assert.match((await ana.get('/')).text, /ana@acme\.example/);
    const phone = browserAt(app, '', url);
    await phone.signIn('ana@acme.example');
    const signedIn = await phone.submit('/sign-in/one-time-code', { code: codeOf(secret, Date.now() / 1000 + 30) });
    assert.match(signedIn.text, /ana@acme\.example/, signedIn.text);
    server.kill('SIGTERM');
    await until(() => server.exitCode !== null);
    assert.equal(server.exitCode, 0, said);
  });

  test('started by npx with its file, its hints name that command', () => {
    const elsewhere = mkdtempSync(join(folder, 'npx-'));
    copyFileSync(join(place, tarball), join(elsewhere, tarball));
    const none = npm('npx', ['--yes', `./${tarball}`, 'user', 'list'], elsewhere);
    assert.equal(none.status, 1, none.stderr);
    assert.match(none.stderr, new RegExp(`"npx \\./${tarball} serve" makes one`));
    assert.deepEqual(readdirSync(elsewhere), [tarball], 'a command that finds no database makes nothing');
  });

  test('shows the demo with its portal', async (t) => {
    const demo = spawn(join(place, 'node_modules/.bin/sallyport'), ['demo'], { cwd: place, env });
    t.after(() => void demo.kill('SIGKILL'));
    let said = '';
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (text) => (said += text));
    await until(() => /Ctrl-C/.test(said) || demo.exitCode !== null);
    const [portal = ''] = /http:\/\/localhost:4\d+/.exec(said) ?? assert.fail(said);
    const page = await (await fetch(portal)).text();
    assert.match(page, /Partner Interface/);
    assert.match(page, /font-family|\.css/, 'with its style');
    demo.kill('SIGINT');
    await until(() => demo.exitCode !== null);
    assert.equal(demo.exitCode, 0, said);
  });

  test('asked for traces without their packages, it says in one line which to install', () => {
    const settings = { ...env, PORT: '0', SALLYPORT_PUBLIC_URL: 'http://localhost', OTEL_TRACES_EXPORTER: 'otlp' };
    const program = join(place, 'node_modules/.bin/sallyport');
    const { status, stderr } = spawnSync(program, ['serve'], { cwd: place, env: settings, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^sallyport: [^\n]*"npm install @opentelemetry\/api @opentelemetry\/sdk-node"[^\n]*\n$/);
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

function bytesIn(folder: string): number {
  return filesIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
