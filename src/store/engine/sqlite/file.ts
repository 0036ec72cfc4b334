import { closeSync, fsyncSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveToOwner, makeFolder } from '#file-owner.ts';

/**
 * Makes an empty file that only its owner may read, and its folder; durably. Throws when it exists.
 *
 * @param like the file that it belongs to, whose owner it gets where root makes it; else that of the folder. SQLite does
 * the same with the files that it makes itself
 */
export function createFile(path: string, like?: string): void {
  makeFolder(dirname(path));
  const file = openSync(path, 'wx', 0o600);
  giveToOwner(file, path, like);
  closeSync(file);
  // A name survives a power cut once its folder is synced.
  syncPath(dirname(path));
}

/** Answers when what was written to that file or folder is on the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** statfs(2) types of file systems whose locks and shared memory SQLite cannot rely on. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

/** Refuses a file on a network: WAL needs memory that all its processes share (https://sqlite.org/wal.html). */
export function assertLocalFile(path: string, typeOf = (at: string): number => statfsSync(at).type): void {
  // Other systems number their file systems in their own way.
  if (process.platform !== 'linux') return;
  const network = NETWORK_FILE_SYSTEMS.get(typeOf(dirname(path)));
  if (network !== undefined) throw new Error(`the database ${path} lies on ${network}: SQLite needs a local disk`);
}
