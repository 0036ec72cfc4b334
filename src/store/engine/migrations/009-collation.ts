import { PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * PostgreSQL compares every text of ours byte by byte, as SQLite does. Columns that came later had the database's own
 * order, and an index in one order does not find what is asked for in the other: each person who enrolled read the
 * counts of all partners. Their indexes are rebuilt, for a million people in some seconds.
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
