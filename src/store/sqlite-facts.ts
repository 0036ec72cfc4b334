import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the files of an SQLite database say of themselves; `undefined` where there is none. */
export type SqliteFacts = {
  /** Those of its files, and of the keys beside them, that others than their owner may read or write. */
  readonly open: readonly string[];
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
  if (!existsSync(path)) return undefined;
  const folder = dirname(path);
  const files = [path, `${path}-wal`, join(folder, 'keys')].filter((file) => existsSync(file));
  const { bavail, bsize, type } = statfsSync(folder);
  return {
    open: files.filter((file) => (statSync(file).mode & 0o077) !== 0),
    bytes: statSync(path).size,
    freeBytes: bavail * bsize,
    fileSystem: (process.platform === 'linux' ? FILE_SYSTEMS.get(type) : undefined) ?? 'other',
  };
}
