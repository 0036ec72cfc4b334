import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** Email changes, invitations to a taken address, manual reminders, and the freeze after a password reset. */
export const lifeCycle: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const TABLES = {
  email_links: `
    id text primary key,
    token_hash text not null unique,
    user_id text not null references users (id) on delete cascade,
    purpose text not null check (purpose in ('confirm', 'revert')),
    email text not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint`,
  // No reference to the account that has the address, because a manager must not reach it from their list.
  outside_invitations: `
    id text primary key,
    partner_id text not null references partners (id) on delete cascade,
    email text not null,
    name text not null,
    role text not null check (role in ('member', 'manager')),
    created_at bigint not null,
    unique (partner_id, email)`,
};

const STATEMENTS = [
  'create index email_links_user on email_links (user_id)',
  'create index email_links_email on email_links (email)',
  'create index email_links_expiry on email_links (expires_at)',
  'alter table users add column password_reset_at bigint',
  'alter table users add column reminded_at bigint',
];
