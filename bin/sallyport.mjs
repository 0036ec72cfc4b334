#!/usr/bin/env node
// Plain JavaScript that any Node can read: it says what is missing before newer syntax would.
const NEEDED = { major: 24, minor: 15 };
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED.major || (major === NEEDED.major && minor < NEEDED.minor)) {
  console.error(
    `sallyport needs Node ${NEEDED.major}.${NEEDED.minor} or newer and this is ${process.versions.node}: run it through npm ("npm start", "npm run -s sallyport -- ARGS"), which brings its own.`,
  );
  process.exit(1);
}
// Hashes run on libuv's pool: one thread for each core and a little for files, or they wait for each other.
process.env.UV_THREADPOOL_SIZE ??= String((await import('node:os')).availableParallelism() + 2);
(await import('node:module')).enableCompileCache?.();
const { main } = await import('../src/cli.ts');
process.exitCode = await main(process.argv.slice(2));
