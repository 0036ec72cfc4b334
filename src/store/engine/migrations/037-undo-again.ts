import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What an undo left undone when it was stopped can be undone by another one. Still one at a time. */
export const undoAgain: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  'drop index bulk_jobs_undone',
  `create unique index bulk_jobs_undone on bulk_jobs (parent_id)
     where kind = 'undo' and started_at is not null and state <> 'stopped'`,
];
