import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/** The browser in which a sign-in began, why a mail is held or delayed, and a queue for each webhook. */
export const mailMigration: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const STATEMENTS = [
  // Pending sign-ins from before belong to no browser. A person who signs in again starts a new one.
  'alter table pending_sign_ins add column browser text',
  'alter table outbox add column held_since bigint',
  'alter table outbox add column not_before bigint not null default 0',
  'alter table outbox add column held_back bigint not null default 0',
  'create index outbox_recipient on outbox (recipient, id)',
  // At most one unsent digest per address can still get more news.
  "create unique index outbox_digest on outbox (recipient) where kind = 'more_news' and tries = 0 and dead_at is null",
  // One queue per webhook: finding its due deliveries does not scan those of other webhooks.
  'drop index webhook_deliveries_waiting',
  'create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_try_at, id) where delivered_at is null and dead_at is null',
  'create index outbox_held on outbox (held_since) where held_since is not null and sent_at is null and dead_at is null',
];
