import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createFile } from '#store/engine/sqlite/file.ts';

/**
 * Takes the lock that the file at `path` represents; `undefined` when another process holds it.
 *
 * It is SQLite's lock on an empty database. The operating system releases it when the process is killed, so a crash
 * never leaves a lock behind. The file remains.
 */
export function takeFileLock(path: string): { release(): void } | undefined {
  if (!existsSync(path)) makeUnlessMade(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    return { release: () => lock.close() };
  } catch {
    lock.close();
    return undefined;
  }
}

function makeUnlessMade(path: string): void {
  try {
    createFile(path, path.replace(/\.lock$/, ''));
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}
