import { sql } from 'kysely';
import { rowSearchKey, searchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';

/** Whether a `search_key` contains the typed text at any place. */
export function holds(column: string, typed: string) {
  const pattern = `%${searchKey(typed).replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

/**
 * Fills up to `limit` missing keys, and returns how many. A node of an older version, which does not know the column,
 * added those rows during a rolling update.
 */
export async function fillSearchKeys(tx: Queries, limit: number): Promise<number> {
  return (await fillPeople(tx, limit)) + (await fillPartners(tx, limit));
}

async function fillPartners(tx: Queries, limit: number): Promise<number> {
  const missing = tx.selectFrom('partners').select(['id', 'name', 'slug']).where('search_key', '=', sql.lit(''));
  const rows = await missing.limit(limit).execute();
  for (const { id, name, slug } of rows) {
    const key = { search_key: rowSearchKey(name, slug) };
    await tx.updateTable('partners').set(key).where('id', '=', id).execute();
  }
  return rows.length;
}

async function fillPeople(tx: Queries, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom('users')
    .select(['id', 'name', 'email'])
    .where('search_key', '=', sql.lit(''))
    .limit(limit)
    .execute();
  for (const { id, name, email } of rows) {
    const key = { search_key: rowSearchKey(name, email) };
    await tx.updateTable('users').set(key).where('id', '=', id).execute();
  }
  return rows.length;
}
