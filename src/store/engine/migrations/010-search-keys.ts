import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { rowSearchKey } from '#core/values/search-key.ts';

/**
 * The search and sort keys of lists: names without case and accents. Our own code makes them, so that both databases
 * find and sort the same rows. The two databases fold Greek, Cyrillic and Turkish differently.
 *
 * The migration takes some seconds for 200,000 people. A running node of an older version leaves the column empty;
 * housekeeping fills it.
 */
export const searchKeys: Migration = {
  async up(db) {
    const collation = db.getExecutor().adapter instanceof PostgresAdapter ? ' collate "C"' : '';
    for (const [table, columns] of Object.entries(SEARCHED)) {
      await sql.raw(`alter table ${table} add column search_key text${collation} not null default ''`).execute(db);
      await fill(db, table, columns);
    }
    for (const statement of INDEXES) await sql.raw(statement).execute(db);
  },
};

const SEARCHED = { partners: ['name', 'slug'], users: ['name', 'email'], outside_invitations: ['name', 'email'] };

const INDEXES = [
  // Sorts a list by name. A search for a part of a name reads only this index.
  'create index partners_search on partners (search_key, id)',
  "create index users_unsearchable on users (id) where search_key = ''",
  'drop index partners_name',
];

const ROWS_AT_ONCE = 500;

type Row = Readonly<Record<string, string>> & { readonly id: string };

async function fill(db: Kysely<unknown>, table: string, columns: readonly string[]): Promise<void> {
  for (let after = ''; ; ) {
    const selected = sql.join([sql.ref('id'), ...columns.map((column) => sql.ref(column))]);
    const { rows } = await sql<Row>`select ${selected} from ${sql.table(table)} where id > ${after}
      order by id limit ${sql.lit(ROWS_AT_ONCE)}`.execute(db);
    if (rows.length === 0) return;
    const values = rows.map((row) => sql`(${row.id}, ${rowSearchKey(...columns.map((name) => row[name] ?? ''))})`);
    await sql`with made (id, search_key) as (values ${sql.join(values)}) update ${sql.table(table)}
      set search_key = made.search_key from made where made.id = ${sql.ref(`${table}.id`)}`.execute(db);
    after = rows.at(-1)?.id ?? '';
  }
}
