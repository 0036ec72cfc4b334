import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { createFile, syncPath } from './file.ts';

/** More than any database has: all pages in one step, so that no write of others makes the copying start again. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies a database, in use or not, as it is at one moment into a new file of mode 0600.
 *
 * Leaves out what is sealed for minutes alone: copies of recovery codes that nobody has confirmed yet, secrets that pages
 * still show, and where forms led. Refuses a target that exists.
 */
export async function backupSqlite(path: string, target: string): Promise<void> {
  if (!existsSync(path)) throw new Error(`there is no database at ${path}`);
  const source = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    await copySqlite(source, target, { replace: false });
  } finally {
    source.close();
  }
}

/**
 * The same from an open connection. The target appears under its name when it is complete.
 *
 * @param like a file of the service whose owner the copy gets
 */
export async function copySqlite(
  source: DatabaseSync,
  target: string,
  { replace, like }: { replace: boolean; like?: string },
): Promise<void> {
  if (!replace && existsSync(target)) throw new Error(`${target} exists already: a backup replaces no file`);
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  createFile(partial, like);
  try {
    await backup(source, partial, { rate: ALL_PAGES });
    finishCopy(partial, target);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Erases what no backup holds, and gives the complete copy its name. */
export function finishCopy(partial: string, target: string): void {
  eraseShortLived(partial);
  syncPath(partial);
  renameSync(partial, target);
  syncPath(dirname(target));
}

/** By table, because a copy made before a migration lacks some of them. */
const ERASE = {
  recovery_code_sets: 'update recovery_code_sets set sealed_copy = null, copy_expires_at = null',
  shown_secrets: 'delete from shown_secrets',
  idempotent_calls: "delete from idempotent_calls where api_key_id = 'form'",
};

function eraseShortLived(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    // One file, without a log beside it.
    copy.exec('pragma journal_mode = delete; pragma secure_delete = on');
    const exists = copy.prepare('select 1 from sqlite_schema where name = ?');
    for (const [table, statement] of Object.entries(ERASE)) if (exists.get(table) !== undefined) copy.exec(statement);
    // Pages that were free before may hold what was erased.
    copy.exec('vacuum');
  } finally {
    copy.close();
  }
}
