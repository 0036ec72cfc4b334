import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Indexes for the lists of a large portal. A sign-in changes none of these columns, so it costs nothing more. With
 * 200,000 people the migration takes some seconds.
 */
export const lists: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // The order of the management API. Without the id, the database sorted all people of a large partner for each page.
  'create index users_partner_id on users (partner_id, id)',
  'create index users_role on users (role, id)',
  'create index users_disabled on users (id) where disabled_at is not null',
  'create index users_invited on users (id) where sealed_password is null',
  'create index partners_archived on partners (id) where archived_at is not null',
  // With `used_at`, so that the database can count the unused codes from the index alone.
  'create index recovery_codes_left on recovery_codes (user_id, used_at)',
  // The first and the last index of this list replace these two.
  'drop index users_partner',
  'drop index recovery_codes_user',
];
