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
 * The text of the key ring in the file at `path`; with `create`, a missing file is made first, with one new key.
 *
 * Refuses a file that other people of the machine may read. Two starts at once agree on one ring: the file appears
 * whole, under its name, once.
 */
export function readOrMakeKeyFile(path: string, options: { readonly create: boolean }): string | KeyProblem {
  const found = readKeyFile(path);
  if (found !== undefined) return found;
  if (!options.create)
    return { problem: `${path} is missing: the key ring lives there; start the server once to make it` };
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
    // Unlike a rename, a link never replaces the ring that another start made a moment ago.
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(folder);
}

/**
 * Puts another ring into the file at `path`, for its owner alone. Every reader, and a start after a power cut, sees
 * the ring before or this one, whole. Only the holder of the rotation's lock may do it.
 *
 * @param like whose owner it gets: the file that it replaces, or the one beside it
 */
export function replaceKeyFile(path: string, text: string, like = path): void {
  renameSync(writeDraft(path, text, like), path);
  syncFolder(dirname(path));
}

/** Keeps the entry of a retired key beside the ring that it leaves, and answers where: backups made before need it. */
export function keepRetiredKey(path: string, { keyId, entry }: { keyId: string; entry: string }): string {
  const kept = `${path}.retired-${keyId}`;
  replaceKeyFile(kept, entry, path);
  return kept;
}

/** Answers the name of a file beside `path` that holds the text, on the disk. */
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

/** The name must outlive a power cut too, or rows sealed with the key would never open again. */
function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
