import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** The look of a partner for its people: in its row, which every session check reads; the logos in a table of their own. */
export const looks: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
    await createTable(db, 'logos', LOGOS);
    await sql.raw('create index logos_partner on logos (partner_id)').execute(db);
  },
};

const STATEMENTS = ['alter table partners add column look text', 'alter table outbox add column partner_id text'];

const LOGOS = `
  id text primary key,
  partner_id text references partners (id) on delete cascade,
  type text not null check (type in ('image/png', 'image/jpeg', 'image/webp')),
  width bigint not null,
  height bigint not null,
  content text not null,
  created_at bigint not null`;
