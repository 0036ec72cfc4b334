import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { lineOf } from '#core/values/text-bytes.ts';
import { giveToOwner, makeFolder } from '#file-owner.ts';
import { type KeyProblem, makeKeyText } from './key-ring.ts';
import { randomBytes } from './random.ts';

/**
 * The text of the key ring in the file at `path`; with `create`, a missing file is first made with one new key.
 *
 * Refuses a file that other users of the machine can read. When two servers start at once they agree on one ring,
 * because the file appears only once, and complete.
 */
export function readOrMakeKeyFile(path: string, options: { readonly create: boolean }): string | KeyProblem {
  const found = readKeyFile(path);
  if (found !== undefined) return found;
  if (!options.create)
    return {
      problem: `${path} is missing: put the copy of your key ring there (only the first start of an empty database makes a new one)`,
    };
  try {
    makeKeyFile(path);
  } catch (error) {
    return { problem: `${path} cannot be made (${errorCode(error)}): the key ring is to live there` };
  }
  return readKeyFile(path) ?? { problem: `${path} is missing: it was removed while the server started` };
}

function readKeyFile(path: string): string | KeyProblem | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      if (fstatSync(file).isDirectory())
        return { problem: `${path} cannot be read (EISDIR): it is a folder, and the key ring is a file` };
      if (fstatSync(file).mode & 0o077) {
        return { problem: `${path} holds the keys and may be read by others: chmod 600 ${path}` };
      }
      return lineOf(readFileSync(file)) ?? { problem: `${path} is not UTF-8 text: the key ring lives there` };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (errorCode(error) === 'EACCES') {
      return { problem: `${path} belongs to another user: give it to the user of the server with chown` };
    }
    return { problem: `${path} cannot be read (${errorCode(error)}): the key ring lives there` };
  }
}

function makeKeyFile(path: string): void {
  const folder = dirname(path);
  makeFolder(folder);
  const draft = writeDraft(path, makeKeyText(randomBytes));
  try {
    // Unlike a rename, a link never replaces a ring that another start has just made.
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(folder);
}

/**
 * Writes another ring to the file at `path`, readable only for its owner. Every reader, and a start after a power cut,
 * sees either the old or the new ring, complete. Only the holder of the rotation lock may call this.
 *
 * @param like the file whose owner the new one gets: the one that it replaces, or the one beside it
 */
export function replaceKeyFile(path: string, text: string, like = path): void {
  renameSync(writeDraft(path, text, like), path);
  syncFolder(dirname(path));
}

/** Stores the entry of a retired key beside its ring, because earlier backups need it; returns the path. */
export function keepRetiredKey(path: string, { keyId, entry }: { keyId: string; entry: string }): string {
  const file = `${path}.retired-${keyId}`;
  replaceKeyFile(file, entry, path);
  return file;
}

/** Writes the text to a file beside `path`, synced to disk; returns its name. */
function writeDraft(path: string, text: string, like?: string): string {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    giveToOwner(file, path, like);
    writeSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}

/** The name must survive a power cut too, because otherwise rows sealed with the key could never be opened. */
function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
