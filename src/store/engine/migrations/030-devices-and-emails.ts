import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/** What staff see of known devices, and who asked for a change of email that its person has to confirm. */
export const devicesAndEmails: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const STATEMENTS = [
  // Null for devices that became known before this column.
  'alter table devices add column user_agent text',
  'alter table devices add column last_used_at bigint',
  // Null: the person asked. Else the member of staff, in the form of the audit log.
  'alter table email_links add column asked_by text',
];
