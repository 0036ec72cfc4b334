import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What the lists of a large portal are found by. None of the columns changes at a sign-in, so none of it costs one
 * anything. On 200,000 people it takes some seconds.
 */
export const lists: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // In the order of the management API: without the id, everybody of a large partner was sorted for a page.
  'create index users_partner_id on users (partner_id, id)',
  'create index users_role on users (role, id)',
  'create index users_disabled on users (id) where disabled_at is not null',
  'create index users_invited on users (id) where sealed_password is null',
  'create index partners_archived on partners (id) where archived_at is not null',
  // With what is asked of them, so that how many are left is counted in the index.
  'create index recovery_codes_left on recovery_codes (user_id, used_at)',
  // The first and the last of these do all that these did.
  'drop index users_partner',
  'drop index recovery_codes_user',
];
