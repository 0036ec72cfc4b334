import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createFile } from '#store/engine/sqlite/file.ts';

/**
 * Takes the lock that the file at `path` stands for; `undefined` when another process holds it.
 *
 * It is SQLite's lock on an empty database: the system itself lets go of it when its holder is killed, so that none is
 * ever left behind. The file stays.
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
