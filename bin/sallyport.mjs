#!/usr/bin/env node
// Plain JavaScript that any Node can read: it says what is missing before newer syntax would.
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = { major: 24, minor: 15 };
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isCheckout = existsSync(new URL('build.mjs', import.meta.url));
if (major < NEEDED.major || (major === NEEDED.major && minor < NEEDED.minor)) {
  const way = isCheckout
    ? 'run "npm ci", without --omit=dev and with install scripts, which brings its own, and then this again by "npm start" or "npm run"'
    : 'install that from https://nodejs.org';
  console.error(
    `sallyport needs Node ${NEEDED.major}.${NEEDED.minor} or newer and this is ${process.versions.node}: ${way}.`,
  );
  process.exit(1);
}
// Hashes run on libuv's pool: one thread for each core and a little for files, or they wait for each other.
process.env.UV_THREADPOOL_SIZE ??= String((await import('node:os')).availableParallelism() + 2);
try {
  // With `--conditions=sources` Node runs the sources as they are: development, and tests that break the product.
  const runsSources = import.meta.resolve('#program').endsWith('.ts');
  // Only the primary builds: a worker in place of a dead one must neither wait for a build nor fail with it.
  const isWorker = process.env.NODE_UNIQUE_ID !== undefined;
  if (isCheckout && !runsSources && !isWorker) (await import('./build.mjs')).buildIfStale();
} catch (error) {
  console.error(`sallyport: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
await cacheCompiledCode(process.argv[2]);
const { main } = await import('#program');
process.exitCode = await main(process.argv.slice(2));

/**
 * Keeps compiled code beside the data, which saves a fifth of the next start. Not in Node's default folder: everybody can write
 * below /tmp, so another user could have prepared code there that we would run. For the same reason the folder must be
 * ours. Root, in particular, must not run what the account of the service has written.
 *
 * @param {string | undefined} command
 */
async function cacheCompiledCode(command) {
  const { enableCompileCache } = await import('node:module');
  if (process.env.NODE_COMPILE_CACHE) {
    enableCompileCache();
    return;
  }
  const home = isCheckout ? fileURLToPath(new URL('..', import.meta.url)) : process.cwd();
  const database = /^["']?sqlite:([^"'\r]+)/.exec(process.env.SALLYPORT_DATABASE_URL ?? '')?.[1] ?? 'data/sallyport.db';
  const data = resolve(home, dirname(database));
  const folder = join(data, 'compile-cache');
  try {
    // Other commands create nothing.
    if (command === 'serve' && isOurs(realpathSync(firstExisting(data))))
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    // systemd gives a service its data folder by a link of root.
    if (isOurs(realpathSync(data)) && isOurs(folder)) enableCompileCache(folder);
  } catch {
    // A read-only disk. The start takes longer.
  }
}

/** @param {string} path @returns {string} */
function firstExisting(path) {
  return existsSync(path) || path === dirname(path) ? path : firstExisting(dirname(path));
}

/** @param {string} path */
function isOurs(path) {
  return process.getuid === undefined || (existsSync(path) && lstatSync(path).uid === process.getuid());
}
