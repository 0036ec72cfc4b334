import { sql } from 'kysely';
import { rowSearchKey, searchKey } from '#core/values/search-key.ts';
import type { Queries } from '#store/engine/database.ts';

/** Whether a `search_key` holds what was typed, wherever in a name or email it stands. */
export function holds(column: string, typed: string) {
  const pattern = `%${searchKey(typed).replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

/**
 * Makes up to `limit` keys that are missing: a node of an older version, which knows no such column, added the person
 * while the nodes were replaced one after the other. Answers how many were made.
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
