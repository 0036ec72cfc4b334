import { statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the files of an SQLite database say of themselves; `undefined` where there is none. */
export type SqliteFacts = {
  readonly path: string;
  /** Those of its files, and of the keys beside them, that others than their owner may read or write. */
  readonly open: readonly string[];
  /** Those that belong to another user than the database: its server cannot use them. */
  readonly foreign: readonly string[];
  readonly bytes: number;
  readonly freeBytes: number;
  readonly fileSystem: 'memory' | 'overlay' | 'other';
};

/** statfs(2): tmpfs and ramfs; overlayfs. */
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
    foreign: files.filter((file) => statSync(file).uid !== uid),
    bytes: size,
    freeBytes: bavail * bsize,
    fileSystem: (process.platform === 'linux' ? FILE_SYSTEMS.get(type) : undefined) ?? 'other',
  };
}

/** A folder in the place of a file is what a container makes of a mount whose source is missing: opening it says so. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
