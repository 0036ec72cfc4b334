import { PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * PostgreSQL compares all our texts byte by byte, as SQLite does. Columns that were added later had the default order
 * of the database, and an index in one order cannot serve a query in the other: each enrollment read the counts of all
 * partners. This rebuilds their indexes, in some seconds for a million people.
 */
export const collation: Migration = {
  async up(db) {
    if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return;
    for (const [table, columns] of Object.entries(COLUMNS)) {
      const changes = columns.map((column) => `alter column ${column} type text collate "C"`);
      await sql.raw(`alter table ${table} ${changes.join(', ')}`).execute(db);
    }
  },
};

const COLUMNS = {
  partner_counts: ['partner_id'],
  access_codes: ['user_id', 'mac', 'used_by'],
  reset_requests: ['id', 'user_id', 'requested_by', 'reason', 'checked_by', 'check_note'],
  event_days: ['id', 'action', 'reason'],
  users: ['exempt_reason'],
};
