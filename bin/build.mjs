// @ts-check
// Bundles the program into dist/app, which `npm start` and the package run (decision 42).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'dist/app');
const STAMP = join(ROOT, 'dist/build.json');
const FOLDERS = ['src', 'examples/partner-interface'];
const FILES = ['bin/build.mjs', 'bin/notices.mjs', 'package.json', 'package-lock.json'];
/** Read at run time by the example portal of the demo, beside its code. */
const COPIED = 'examples/partner-interface/portal.css';
/** Packages of which a file is in public/. */
const VENDORED = [join(ROOT, 'node_modules/@simplewebauthn/browser/package.json')];
/** Native code, and packages that an operator adds only for traces. */
const EXTERNAL = [/^@node-rs\/argon2/, /^@opentelemetry\//, 'pg-native'];
/** A server that runs an older build imports chunks of it at first use, so they stay for this long after the next. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** @typedef {{ stats: string, contents: string, files: readonly string[] }} Stamp what dist/app was built from */

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();

/** Builds if dist/app is missing or older than the sources, in a process of its own: the bundler takes 400 MB. */
export function buildIfStale() {
  const stamp = readStamp();
  const files = listSources();
  const stats = statsOf(files);
  if (stamp?.stats === stats) return;
  // A copied checkout has new times and the same contents. Its owner may be another user, so a failed write is no error.
  if (stamp?.contents === contentsOf(files)) return writeStamp({ ...stamp, stats }, { mayFail: true });
  if (!isWritable()) return useOlder(stamp);
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the program could not be built from its sources: the lines above say why');
}

/** @param {Stamp | undefined} stamp */
function useOlder(stamp) {
  const remedy = `${join(ROOT, 'dist')} cannot be written: run "npm run build" as the owner of the checkout`;
  if (stamp === undefined) throw new Error(`the program has to be built, and ${remedy}`);
  console.error(`sallyport: this program is older than its sources, and ${remedy}`);
}

async function build() {
  const sources = listSources();
  const stamp = { stats: statsOf(sources), contents: contentsOf(sources) };
  const output = await bundle();
  const { noticesFor } = await import('./notices.mjs');
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  mkdirSync(OUT, { recursive: true });
  /** @type {Map<string, string | Uint8Array>} */
  const files = new Map();
  files.set('third-party-notices.txt', noticesFor([...modules, ...VENDORED], ROOT));
  files.set('portal.css', readFileSync(join(ROOT, COPIED)));
  // The entry last: it names the others.
  for (const file of output.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
  }
  const now = new Date();
  // Their time counts from today, when they are replaced.
  for (const name of readStamp()?.files ?? []) utimesSync(join(OUT, name), now, now);
  for (const [name, contents] of files) replaceFile(join(OUT, name), contents);
  const older = readdirSync(OUT).filter((name) => !files.has(name) && name !== '.npmignore');
  const over = older.filter((name) => Date.now() - statSync(join(OUT, name)).mtimeMs > KEPT_MS);
  for (const name of over) rmSync(join(OUT, name));
  // The package contains this build alone.
  replaceFile(join(OUT, '.npmignore'), ['.npmignore', ...older].join('\n'));
  writeStamp({ ...stamp, files: [...files.keys()] });
}

/** @returns {Promise<readonly (import('rolldown').OutputChunk | import('rolldown').OutputAsset)[]>} */
async function bundle() {
  const { rolldown } = await import('rolldown').catch(() => {
    console.error('The packages that build Sallyport are missing: run "npm ci", without --omit=dev.');
    process.exit(1);
  });
  const made = await rolldown({
    input: { sallyport: join(ROOT, 'src/cli.ts') },
    cwd: ROOT,
    platform: 'node',
    external: EXTERNAL,
    // `depd`, which the OpenID Connect library uses, calls eval.
    checks: { eval: false },
    plugins: [{ name: 'texts', transform: copyTexts }],
    onLog(_level, log) {
      throw new Error(`the bundle: ${log.message}`);
    },
  });
  const { output } = await made.generate({
    // The maps name the sources relative to it.
    dir: OUT,
    format: 'esm',
    // Stack traces name lines of the sources, which are not in the package.
    sourcemap: true,
    sourcemapExcludeSources: true,
    chunkFileNames: '[name]-[hash].js',
    assetFileNames: '[name]-[hash][extname]',
  });
  await made.close();
  return output;
}

/**
 * Copies the files of texts that a module reads at first use. Their names have a hash of their contents, as chunks have,
 * so that a server that runs an older build never reads a newer file.
 * @this {import('rolldown').PluginContext} @param {string} code @param {string} id
 */
function copyTexts(code, id) {
  const copied = code.replaceAll(/new URL\('\.\/([\w/-]+\.json)', import\.meta\.url\)/g, (_, name) => {
    const source = readFileSync(join(dirname(id), name));
    const copy = this.emitFile({ type: 'asset', name: basename(name), source });
    return `new URL(import.meta.ROLLUP_FILE_URL_${copy})`;
  });
  // No line moves, so the source map stays true.
  return copied === code ? undefined : { code: copied, map: null };
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

/** @returns {Stamp | undefined} undefined also if it cannot be read, or a file of the build is gone */
function readStamp() {
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
    return stamp.files.every((/** @type {string} */ name) => existsSync(join(OUT, name))) ? stamp : undefined;
  } catch {
    return undefined;
  }
}

function isWritable() {
  try {
    accessSync(existsSync(OUT) ? OUT : ROOT, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {Stamp} stamp */
function writeStamp(stamp, { mayFail = false } = {}) {
  try {
    replaceFile(STAMP, JSON.stringify(stamp, undefined, 2));
  } catch (error) {
    if (!mayFail) throw error;
  }
}

/** Two processes may build at once, and a reader must never see half of a file.
 * @param {string} path @param {string | Uint8Array} contents */
function replaceFile(path, contents) {
  const unfinished = join(ROOT, 'dist', `unfinished-${process.pid}`);
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}
