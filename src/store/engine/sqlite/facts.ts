import { statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Facts about the files of an SQLite database; `undefined` if there is no database. */
export type SqliteFacts = {
  readonly path: string;
  /** Database and key files that other users may read or write. */
  readonly open: readonly string[];
  /** The folder, if other users may write to it and so replace the files. */
  readonly openFolder: string | undefined;
  /** Files that belong to another user than the database, so the server cannot use them. */
  readonly foreign: readonly string[];
  readonly bytes: number;
  readonly freeBytes: number;
  readonly fileSystem: 'memory' | 'overlay' | 'other';
};

/** Type numbers of statfs(2): tmpfs and ramfs; overlayfs. */
const FILE_SYSTEMS: ReadonlyMap<number, SqliteFacts['fileSystem']> = new Map([
  [0x01021994, 'memory'],
  [0x858458f6, 'memory'],
  [0x794c7630, 'overlay'],
]);

export function sqliteFacts(path: string): SqliteFacts | undefined {
  if (!isFile(path)) return undefined;
  const folder = dirname(path);
  const keys = join(folder, 'keys');
  const files = [path, `${path}-wal`, `${path}-shm`, keys, `${keys}.lock`].filter(isFile);
  const { uid, size } = statSync(path);
  const { bavail, bsize, type } = statfsSync(folder);
  return {
    path,
    open: files.filter((file) => (statSync(file).mode & 0o077) !== 0),
    openFolder: (statSync(folder).mode & 0o022) === 0 ? undefined : folder,
    foreign: files.filter((file) => statSync(file).uid !== uid),
    bytes: size,
    freeBytes: bavail * bsize,
    fileSystem: (process.platform === 'linux' ? FILE_SYSTEMS.get(type) : undefined) ?? 'other',
  };
}

/** A container creates a folder here when a mount has no source. Opening the database reports that. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
