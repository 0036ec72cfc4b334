import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/** When a person last chose their password. Null for passwords from before this column. */
export const passwordSetAt: Migration = {
  async up(db) {
    await sql.raw(inDialect(db, 'alter table users add column password_set_at bigint')).execute(db);
  },
};
