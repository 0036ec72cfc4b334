import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

export const jobsAndDelivery: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const column of OUTBOX_COLUMNS) {
      await sql.raw(inDialect(db, `alter table outbox add column ${column}`)).execute(db);
    }
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const TABLES = {
  jobs: `
    name text primary key,
    holder text,
    lease_until bigint not null,
    last_run_at bigint not null,
    last_finished_at bigint`,
  // The id combines the other columns, so each person gets one reminder per date and stage.
  reminders: `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    required_from bigint not null,
    stage text not null check (stage in ('14_days', '7_days', '1_day', 'overdue')),
    queued_at bigint not null`,
};

const OUTBOX_COLUMNS = [
  'tries bigint not null default 0',
  'next_try_at bigint not null default 0',
  'expires_at bigint not null default 0',
  'dead_at bigint',
  'last_fault text',
];

const STATEMENTS = [
  // Earlier versions sent no mail. The mails stored so far are old and must not go out all at once.
  "update outbox set expires_at = created_at, dead_at = created_at, sealed_parameters = ''",
  'drop index outbox_unsent',
  'create index outbox_waiting on outbox (next_try_at) where sent_at is null and dead_at is null',
  'create index outbox_created on outbox (created_at)',
  'create index reminders_user on reminders (user_id)',
];
