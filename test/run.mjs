// @ts-check
// Runs every test, or with `npm test -- PATTERN` those in files whose path contains PATTERN: first on SQLite, then
// those that use a database again on a real PostgreSQL server.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../bin/build.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// The browser tests start Chromium and the others hash passwords. More at once would only slow each of them down.
const CONCURRENCY = 2;
// The others use none.
const RESTS_ON_A_DATABASE =
  /^test\/(cli\/commands|(contracts|faults|flows|http|keys|mail|model|prove|security|stories|telemetry|walk|webhooks)\/)/;
// These use an SQLite database, or test its file or the key file beside it.
const RESTS_ON_SQLITE =
  /^test\/(contracts\/store\/(attempts|sqlite|statement)|keys\/rotation|stories\/(openid\/conformance\/script|operate\/restore[.-](?!killed)|web-servers)|webhooks\/addresses)/;
// A process start takes longer than most of these tests. They have no hooks outside their suites, so they share a few
// processes.
const SHARES_A_PROCESS =
  /^(src\/core|test\/flows|test\/security\/(?!leaks)|test\/stories\/(?!forward-auth|openid|operate|web-servers))/;
const SHARED_PROCESSES = 4;
const IS_ABOUT_POSTGRES = /^test\/contracts\/store\/postgres\//;
const PLAYWRIGHT = 'node_modules/@playwright/test/cli.js';
const PLAYWRIGHT_CONFIG = 'test/browser/playwright.config.ts';

process.chdir(ROOT);
// Tests that start a process start the bundle.
buildIfStale();
// Each file has its own process, and many start the server, so they share the compile cache.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache');
const patterns = process.argv.slice(2);
const files = select(['src/**/*.test.ts', 'test/**/*.test.ts']);
const specs = select(['test/browser/**/*.spec.ts']);
const problems = [];
const counts = { passed: 0, failed: 0, skipped: 0 };
let removed = Promise.resolve();

const problem = specs.length === 0 ? undefined : await makeBrowserReady();
if (problem !== undefined) problems.push(problem);
const first = files.filter((file) => !IS_ABOUT_POSTGRES.test(file));
if (first.length > 0) add(await runNodeTests(first, {}));
const onPostgres = files.filter((file) => RESTS_ON_A_DATABASE.test(file) && !RESTS_ON_SQLITE.test(file));
if (onPostgres.length > 0) await onPostgresServer(async (url) => add(await runNodeTests(onPostgres, postgres(url))));
if (specs.length > 0 && problem === undefined) add(await runBrowserTests());
await removed;
if (counts.passed + counts.failed === 0) {
  const nothingFits = patterns.length > 0 && files.length + specs.length === 0;
  problems.push(`no test ran${nothingFits ? `: no file's path contains ${patterns.join(' or ')}` : ''}`);
}

for (const line of problems) console.error(`\n${line}`);
console.log(
  `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
);
process.exitCode = counts.failed > 0 || problems.length > 0 ? 1 : 0;

/** @param {string[]} globs */
function select(globs) {
  const found = globSync(globs).sort();
  return patterns.length === 0 ? found : found.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

/** @param {Counts} more */
function add({ passed, failed, skipped }) {
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

/** @param {string} url */
function postgres(url) {
  return { SALLYPORT_TEST_DATABASE: 'postgres', SALLYPORT_TEST_POSTGRES: url };
}

/** @param {(url: string) => Promise<void>} work */
async function onPostgresServer(work) {
  console.log('\nOnce more on PostgreSQL:\n');
  try {
    const { startCluster } = await import('./databases/cluster.ts');
    const cluster = await startCluster();
    await work(cluster.url('postgres')).finally(() => {
      // Some fifty thousand files. The browser tests need not wait for the deletion.
      removed = cluster.remove();
    });
  } catch (error) {
    problems.push(`no PostgreSQL for the tests: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {string[]} files
 * @param {Record<string, string>} environment
 * @returns {Promise<Counts>}
 */
async function runNodeTests(files, environment) {
  /** @type {Counts | undefined} */
  let whole;
  Object.assign(process.env, environment);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  const stream = run({ files: withShared(files, folder), concurrency: CONCURRENCY });
  stream.on('test:summary', ({ file, success, counts: { tests, passed, skipped, todo } }) => {
    // First there is one summary per file. The one without a file is the total.
    if (file !== undefined) return;
    const failed = tests - passed - skipped - todo;
    whole = { passed, failed: success ? failed : Math.max(1, failed), skipped: skipped + todo };
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
  for (const name of Object.keys(environment)) delete process.env[name];
  rmSync(folder, { recursive: true });
  return whole ?? { passed: 0, failed: 1, skipped: 0 };
}

/**
 * Files that share a process are imported by a generated one.
 * @param {string[]} files
 * @param {string} folder
 */
function withShared(files, folder) {
  const sharing = files.filter((file) => SHARES_A_PROCESS.test(file));
  if (sharing.length <= SHARED_PROCESSES) return files;
  const groups = Array.from({ length: SHARED_PROCESSES }, (_, group) => {
    const imports = sharing.filter((_, index) => index % SHARED_PROCESSES === group);
    const path = join(folder, `shared-${group + 1}.test.mjs`);
    writeFileSync(path, imports.map((file) => `import ${JSON.stringify(join(ROOT, file))};\n`).join(''));
    return path;
  });
  return [...groups, ...files.filter((file) => !SHARES_A_PROCESS.test(file))];
}

/** @returns {Promise<Counts>} */
async function runBrowserTests() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  const report = join(folder, 'report.json');
  const args = [PLAYWRIGHT, 'test', '--config', PLAYWRIGHT_CONFIG, '--reporter=list,json', ...specs];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report },
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const counted = existsSync(report) ? countsOf(JSON.parse(readFileSync(report, 'utf8'))) : undefined;
  rmSync(folder, { recursive: true });
  if (counted === undefined || (code !== 0 && counted.failed === 0)) {
    problems.push(`the browser tests ended with ${code} before they could be counted`);
  }
  return counted ?? { passed: 0, failed: 0, skipped: 0 };
}

/**
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } }} report
 * @returns {Counts}
 */
function countsOf({ stats: { expected, unexpected, flaky, skipped } }) {
  return { passed: expected, failed: unexpected + flaky, skipped };
}

/**
 * Answers in one line why no browser test can run, or undefined. On Debian root installs Chromium from the
 * distribution.
 * @returns {Promise<string | undefined>}
 */
async function makeBrowserReady() {
  const { findBrowser } = await import('./browser/find-browser.mjs');
  if (findBrowser() !== undefined) return undefined;
  const missing =
    'no browser for the browser tests: install Chromium ("apt-get install chromium" or "npx playwright install chromium")';
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  console.log('Installing Chromium for the browser tests …');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-liberation']]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) return `${missing}; apt-get ${args[0]} failed: ${(stderr ?? '').trim().split('\n').at(-1)}`;
  }
  return findBrowser() === undefined ? missing : undefined;
}
