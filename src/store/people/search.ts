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

/** A person of a partner whose name or email contains the typed text. */
export type FoundPerson = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly partner: string;
};

/** Up to `limit` people of partners by a part of their name or email, in the order of their names. Never staff. */
export async function findPeople(queries: Queries, typed: string, limit: number): Promise<readonly FoundPerson[]> {
  return (
    queries
      // The index of search keys gives the ids in order; only the few that are shown are read as rows.
      .with('found', (db) =>
        db
          .selectFrom('users')
          .select(['id', 'search_key'])
          .where(holds('search_key', typed))
          .where('partner_id', 'is not', null)
          .orderBy('search_key')
          .limit(limit),
      )
      .selectFrom('found as f')
      .innerJoin('users as u', 'u.id', 'f.id')
      .innerJoin('partners as p', 'p.id', 'u.partner_id')
      .select(['u.id', 'u.name', 'u.email', 'p.name as partner'])
      .orderBy('f.search_key')
      .execute()
  );
}
