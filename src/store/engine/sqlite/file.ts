import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveToOwner, makeFolder } from '#file-owner.ts';

/**
 * Durably creates an empty file that only its owner may read, and its folder. Throws when the file exists.
 *
 * @param like the file whose owner the new file gets when root creates it; without it, the folder's owner. SQLite does
 * the same for the files that it creates
 */
export function createFile(path: string, like?: string): void {
  makeFolder(dirname(path));
  const file = openSync(path, 'wx', 0o600);
  giveToOwner(file, path, like);
  closeSync(file);
  // A new name survives a power cut only after its folder was synced.
  syncPath(dirname(path));
}

/** Returns after the data of this file or folder is on the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** statfs(2) types of file systems whose locks and shared memory are not reliable enough for SQLite. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

/** Refuses a file on a network, because WAL needs memory that all its processes share (https://sqlite.org/wal.html). */
export function assertLocalFile(path: string, typeOf = (at: string): number => statfsSync(at).type): void {
  // Other systems use other type numbers.
  if (process.platform !== 'linux') return;
  const network = NETWORK_FILE_SYSTEMS.get(typeOf(dirname(path)));
  if (network !== undefined) throw new Error(`the database ${path} lies on ${network}: SQLite needs a local disk`);
}

/**
 * Throws a line for the operator if this user may not enter the folder of the database, which then looks empty, or may
 * not `create` it.
 */
export function assertReachable(path: string, create: boolean): void {
  const folder = firstExisting(dirname(path));
  try {
    accessSync(folder, create && !existsSync(path) ? constants.W_OK | constants.X_OK : constants.X_OK);
  } catch {
    const user = process.getuid?.() ?? 'of this process';
    throw new Error(
      `the folder ${folder} is closed to the user ${user}, and the database belongs there: run this as the owner of the folder, or give it to this user with chown`,
    );
  }
}

function firstExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : firstExisting(dirname(path));
}
