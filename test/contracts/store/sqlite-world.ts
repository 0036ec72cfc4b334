import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Database, Queries } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
export const newPath = () => join(folder, `${++files}.db`);

export async function withDatabase(work: (db: Database, path: string) => Promise<void>): Promise<void> {
  const path = newPath();
  const db = await openSqlite(path, { create: true });
  try {
    await work(db, path);
  } finally {
    await db.close();
  }
}

export const insertAttempt = (tx: Queries, key: string, version = 0) =>
  tx.insertInto('attempts').values({ key, state: '{}', version, expires_at: 1 }).execute();

/** Reads a value and writes it plus one. It loses updates unless transactions really run one after the other. */
export async function countUp(tx: Queries): Promise<number> {
  const row = await tx.selectFrom('attempts').select('version').where('key', '=', 'count').executeTakeFirstOrThrow();
  const version = row.version + 1;
  await tx.updateTable('attempts').set({ version }).where('key', '=', 'count').execute();
  return version;
}

export const keys = async (db: Database) =>
  (await db.read.selectFrom('attempts').select('key').orderBy('key').execute()).map((row) => row.key);
