import { existsSync, rmSync } from 'node:fs';
import { sql } from 'kysely';
import { copyRows, differenceOf, digestTables } from '#store/engine/copy-rows.ts';
import type { Queries } from '#store/engine/database.ts';
import { finishCopy } from '#store/engine/sqlite/backup.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { openPostgres } from './open.ts';

/**
 * Copies one snapshot of a PostgreSQL database into a new SQLite file of mode 0600, in the format of an SQLite backup.
 * Every row is read back and compared. Refuses an existing target.
 */
export async function backupPostgres(url: string, target: string): Promise<void> {
  if (existsSync(target)) throw new Error(`${target} exists already: a backup replaces no file`);
  const partial = `${target}.partial`;
  const remove = (): void => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(partial + suffix, { force: true });
  };
  remove();
  try {
    const db = await openSqlite(partial, { create: true });
    try {
      const copied = await withSnapshot(url, (snapshot) => db.transaction((tx) => copyRows(snapshot, tx)));
      const difference = differenceOf(copied, await digestTables(db.read));
      if (difference !== undefined) throw new Error(`the backup is not what was read: ${difference}`);
    } finally {
      await db.close();
    }
    finishCopy(partial, target);
  } finally {
    remove();
  }
}

/**
 * Runs `work` on one snapshot of a PostgreSQL database. Later writes are not visible to it, and they do not wait for
 * it.
 */
async function withSnapshot<T>(url: string, work: (queries: Queries) => Promise<T>): Promise<T> {
  const db = await openPostgres(url, { create: false, connections: 2 });
  try {
    return await db.transaction(async (tx) => {
      // Must run before the first read. It applies only to this transaction, so it works through any pooler.
      await sql`set transaction isolation level repeatable read read only`.execute(tx);
      await sql`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`.execute(tx);
      return work(tx);
    });
  } finally {
    await db.close();
  }
}
