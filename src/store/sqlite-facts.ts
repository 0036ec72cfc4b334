import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the file of an SQLite database says of itself; `undefined` where there is none. */
export type SqliteFacts = { readonly mode: number; readonly bytes: number; readonly freeBytes: number };

export function sqliteFacts(path: string): SqliteFacts | undefined {
  if (!existsSync(path)) return undefined;
  const { mode, size } = statSync(path);
  const { bavail, bsize } = statfsSync(dirname(path));
  return { mode: mode & 0o777, bytes: size, freeBytes: bavail * bsize };
}
