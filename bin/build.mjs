// @ts-check
// Bundles the program into dist/app, which `npm start` and the package run (decision 42).
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'dist/app');
const STAMP = join(ROOT, 'dist/build.json');
const FOLDERS = ['src', 'examples/partner-interface'];
const FILES = ['bin/build.mjs', 'bin/notices.mjs', 'package.json', 'package-lock.json'];
/** Read at run time by the example portal of the demo, beside its code. */
const COPIED = 'examples/partner-interface/portal.css';
/** Native code, and packages that an operator adds only for traces. */
const EXTERNAL = [/^@node-rs\/argon2/, /^@opentelemetry\//, 'pg-native'];

/** @typedef {{ stats: string, contents: string, files: readonly string[] }} Stamp what dist/app was built from */

if (process.argv[1] === fileURLToPath(import.meta.url)) await build({ keep: [] });

/**
 * Builds if dist/app is missing or older than the sources. The chunks of the build before stay, because a server that
 * still runs it imports them at first use.
 */
export async function buildIfStale() {
  const stamp = readStamp();
  const files = listSources();
  const stats = statsOf(files);
  if (stamp?.stats === stats) return;
  // A copied checkout has new times and the same contents. Its owner may be another user, so a failed write is no error.
  if (stamp?.contents === contentsOf(files)) return writeStamp({ ...stamp, stats }, { mayFail: true });
  await build({ keep: stamp?.files ?? [] });
}

/** @param {{ keep: readonly string[] }} options names of older files that stay */
async function build({ keep }) {
  const sources = listSources();
  const stamp = { stats: statsOf(sources), contents: contentsOf(sources) };
  const output = await bundle();
  const { noticesFor } = await import('./notices.mjs');
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  mkdirSync(OUT, { recursive: true });
  /** @type {string[]} */
  const written = [];
  // The entry last: it names the others.
  for (const file of output.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    write(file.fileName, file.type === 'chunk' ? file.code : file.source);
  }
  write('third-party-notices.txt', noticesFor(modules, ROOT));
  copyFileSync(join(ROOT, COPIED), join(OUT, 'portal.css'));
  const staying = new Set([...written, ...keep, 'portal.css']);
  for (const name of readdirSync(OUT)) if (!staying.has(name)) rmSync(join(OUT, name));
  writeStamp({ ...stamp, files: written });

  /** Two processes may build at once, and a reader must never see half of a file.
   * @param {string} name @param {string | Uint8Array} contents */
  function write(name, contents) {
    const unfinished = join(ROOT, 'dist', `${name}.${process.pid}`);
    writeFileSync(unfinished, contents);
    renameSync(unfinished, join(OUT, name));
    written.push(name);
  }
}

/** @returns {Promise<readonly (import('rolldown').OutputChunk | import('rolldown').OutputAsset)[]>} */
async function bundle() {
  const { rolldown } = await import('rolldown').catch(() => {
    throw new Error('the packages that build Sallyport are missing: run "npm ci" without --omit=dev');
  });
  const made = await rolldown({
    input: { sallyport: join(ROOT, 'src/cli.ts') },
    cwd: ROOT,
    platform: 'node',
    external: EXTERNAL,
    // `depd`, which the OpenID Connect library uses, calls eval.
    checks: { eval: false },
    onLog(_level, log) {
      throw new Error(`the bundle: ${log.message}`);
    },
  });
  const { output } = await made.generate({
    format: 'esm',
    // Stack traces name lines of the sources, which are not in the package.
    sourcemap: true,
    sourcemapExcludeSources: true,
    chunkFileNames: '[name]-[hash].js',
  });
  await made.close();
  return output;
}

/** @param {import('rolldown').OutputChunk | import('rolldown').OutputAsset} file */
function isEntry(file) {
  return file.type === 'chunk' && file.isEntry;
}

function listSources() {
  // Three times as fast as `globSync`, and every start waits for it.
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|css|json)$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`),
  );
  return [...inFolders, ...FILES].sort();
}

/** @param {readonly string[]} files */
function statsOf(files) {
  const lines = files.map((name) => {
    const { mtimeMs, size } = statSync(join(ROOT, name));
    return `${name} ${size} ${mtimeMs}`;
  });
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** @param {readonly string[]} files */
function contentsOf(files) {
  const hash = createHash('sha256');
  for (const name of files)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(ROOT, name)))
      .update('\0');
  return hash.digest('hex');
}

/** @returns {Stamp | undefined} */
function readStamp() {
  return existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, 'utf8')) : undefined;
}

/** @param {Stamp} stamp */
function writeStamp(stamp, { mayFail = false } = {}) {
  try {
    writeFileSync(`${STAMP}.${process.pid}`, JSON.stringify(stamp, undefined, 2));
    renameSync(`${STAMP}.${process.pid}`, STAMP);
  } catch (error) {
    if (!mayFail) throw error;
  }
}
