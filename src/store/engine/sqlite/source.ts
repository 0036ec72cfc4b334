import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { Database } from '#store/engine/database.ts';
import { openSqlite } from './open.ts';

/**
 * Opens a copy of one of our SQLite databases and updates its schema; the file itself never changes. Once open, the
 * copy has no name. If the process is killed before that, the next call removes the copy. Refuses a file of another
 * program and a newer schema.
 *
 * @param alone no other process may have the file open, and none can open it until the close
 * @returns `isBackup`: a served database has a write-ahead log, a backup is one file without it
 */
export async function openSqliteCopy(
  path: string,
  { alone }: { alone: boolean },
): Promise<{ db: Database; isBackup: boolean; close(): Promise<void> }> {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  const source = new DatabaseSync(path, { readOnly: !alone, timeout: 0 });
  try {
    assertOurs(source, path, alone);
    const isBackup = source.prepare('pragma journal_mode').get()?.journal_mode !== 'wal';
    const db = await openCopy(source);
    return { db, isBackup, close: () => db.close().finally(() => source.close()) };
  } catch (error) {
    source.close();
    throw error;
  }
}

async function openCopy(source: DatabaseSync): Promise<Database> {
  removeLeftCopies();
  const folder = mkdtempSync(join(tmpdir(), `${COPY}${process.pid}-`));
  try {
    await backup(source, join(folder, 'copy.db'), { rate: 2 ** 31 - 1 });
    return await openSqlite(join(folder, 'copy.db'), { create: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const COPY = 'sallyport-copy-';

/** Removes copies of processes that have ended. Copies of other accounts remain. */
function removeLeftCopies(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^sallyport-copy-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (pid === process.pid || isAlive(pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {}
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return Object(error).code === 'EPERM';
  }
}

function assertOurs(sqlite: DatabaseSync, path: string, alone: boolean): void {
  let isOpen: boolean;
  try {
    isOpen = alone && !lockAlone(sqlite);
    if (!isOpen) for (const table of ['kysely_migration', 'ring_keys']) sqlite.exec(`select 1 from ${table} limit 1`);
  } catch {
    throw new Error(`${path} is no database of this service`);
  }
  if (isOpen) throw new Error(`another process has ${path} open: stop the server first`);
}

/** Whether another process has an SQLite database open. Throws if the file is not an SQLite database. */
export function isSqliteInUse(path: string): boolean {
  const sqlite = new DatabaseSync(path, { timeout: 0 });
  try {
    return !lockAlone(sqlite);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`cannot use the database ${path} (${reason}): move it away first, and what lies beside it`);
  } finally {
    sqlite.close();
  }
}

/** Only the sole user gets this lock, until the close. In WAL mode idle connections count as users too. */
function lockAlone(sqlite: DatabaseSync): boolean {
  try {
    sqlite.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** https://sqlite.org/rescode.html: `SQLITE_BUSY` is in the low byte of a primary or extended code. */
function isBusy(error: unknown): boolean {
  return (Number(Object(error).errcode) & 0xff) === 5;
}
