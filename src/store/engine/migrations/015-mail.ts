import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/** In which browser a sign-in began, why mail is held or held back, and what waits for one webhook. */
export const mailMigration: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const STATEMENTS = [
  // Those that are open now belong to no browser: who signs in again begins a new one.
  'alter table pending_sign_ins add column browser text',
  'alter table outbox add column held_since bigint',
  'alter table outbox add column not_before bigint not null default 0',
  'alter table outbox add column held_back bigint not null default 0',
  'create index outbox_recipient on outbox (recipient, id)',
  // One that can still grow, for each address.
  "create unique index outbox_digest on outbox (recipient) where kind = 'more_news' and tries = 0 and dead_at is null",
  // A line for each webhook: what is due for one is found without passing by what is due for the others.
  'drop index webhook_deliveries_waiting',
  'create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_try_at, id) where delivered_at is null and dead_at is null',
  'create index outbox_held on outbox (held_since) where held_since is not null and sent_at is null and dead_at is null',
];
