import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { Database } from './database.ts';
import { openSqlite } from './sqlite.ts';

/**
 * Opens a copy of an SQLite database of ours, brought up to date, so that the file itself is never changed. The copy lies
 * in a folder of its own that is removed at the close. Refuses a file of another program, and a newer schema.
 *
 * @param alone nobody else may have the file open, and nobody can open it until the close
 */
export async function openSqliteCopy(
  path: string,
  { alone }: { alone: boolean },
): Promise<{ db: Database; close(): Promise<void> }> {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-copy-'));
  const source = new DatabaseSync(path, { readOnly: !alone, timeout: 0 });
  const release = (): void => {
    source.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (alone && !lockAlone(source)) throw new Error(`another process has ${path} open: stop the server first`);
    assertOurs(source, path);
    await backup(source, join(folder, 'copy.db'), { rate: 2 ** 31 - 1 });
    const db = await openSqlite(join(folder, 'copy.db'), { create: true });
    return { db, close: () => db.close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

function assertOurs(sqlite: DatabaseSync, path: string): void {
  try {
    sqlite.prepare('select count(*) from kysely_migration').get();
    sqlite.prepare('select count(*) from ring_keys').get();
  } catch {
    throw new Error(`${path} is no database of this service`);
  }
}

/** Whether another process has an SQLite database open. */
export function isSqliteInUse(path: string): boolean {
  const sqlite = new DatabaseSync(path, { timeout: 0 });
  try {
    return !lockAlone(sqlite);
  } finally {
    sqlite.close();
  }
}

/** Only who is alone gets this lock, and keeps it until the close; in WAL mode even idle connections are seen. */
function lockAlone(sqlite: DatabaseSync): boolean {
  try {
    sqlite.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
    return true;
  } catch {
    return false;
  }
}
