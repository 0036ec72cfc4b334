import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** Former emails, so that a new account cannot take over an old identity; and who created each account. */
export const formerEmails: Migration = {
  async up(db) {
    await createTable(db, 'former_emails', FORMER_EMAILS);
    await sql.raw(inDialect(db, 'alter table users add column created_by text')).execute(db);
  },
};

const FORMER_EMAILS = `
  id text primary key,
  email_tag text not null unique,
  left_at bigint not null,
  reserved_until bigint`;
