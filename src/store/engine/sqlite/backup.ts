import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { createFile, syncPath } from './file.ts';

/** More pages than any database has. One step copies all, so a write by another connection cannot restart the copy. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies one snapshot of a database, in use or not, into a new file of mode 0600.
 *
 * Leaves out data that is sealed only for minutes: copies of recovery codes that nobody has confirmed yet, secrets that
 * a page still shows, and the results of forms. Refuses an existing target.
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
 * The same from an open connection. The target gets its name only when it is complete.
 *
 * @param like a file of the service; the copy gets the same owner
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

/** Erases the short-lived data and gives the complete copy its name. */
export function finishCopy(partial: string, target: string): void {
  eraseShortLived(partial);
  syncPath(partial);
  renameSync(partial, target);
  syncPath(dirname(target));
}

/** By table, because a copy made before a migration has fewer tables. */
const ERASE = {
  recovery_code_sets: 'update recovery_code_sets set sealed_copy = null, copy_expires_at = null',
  shown_secrets: 'delete from shown_secrets',
  idempotent_calls: "delete from idempotent_calls where api_key_id = 'form'",
};

function eraseShortLived(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    // Makes a single file without a separate log.
    copy.exec('pragma journal_mode = delete; pragma secure_delete = on');
    const exists = copy.prepare('select 1 from sqlite_schema where name = ?');
    for (const [table, statement] of Object.entries(ERASE)) if (exists.get(table) !== undefined) copy.exec(statement);
    // Free pages may still contain erased data.
    copy.exec('vacuum');
  } finally {
    copy.close();
  }
}
