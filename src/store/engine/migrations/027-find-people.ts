import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** An index that holds every search key, so that a search by a part of a name or an email reads no rows of people. */
export const findPeople: Migration = {
  async up(db) {
    await sql.raw('create index users_search on users (search_key, partner_id, id)').execute(db);
  },
};
