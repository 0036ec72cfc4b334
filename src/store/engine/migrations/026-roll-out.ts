import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** What the roll-out page needs: since when a partner is required, its reminders, its owner, and its history by day. */
export const rollOut: Migration = {
  async up(db) {
    for (const column of PARTNER_COLUMNS) await run(db, `alter table partners add column ${column}`);
    await createTable(db, 'partner_days', PARTNER_DAYS);
    await (db.getExecutor().adapter instanceof PostgresAdapter
      ? run(db, 'alter table reminders drop constraint reminders_stage_check')
      : rebuildReminders(db));
    for (const statement of STATEMENTS) await run(db, statement);
  },
};

const PARTNER_COLUMNS = [
  // Since when MFA is required without a date. With a date, the date says it.
  'required_since bigint',
  // The days before the date on which people are reminded, as "14 7 1"; null: the default.
  'reminder_days text',
  'reminded_at bigint',
  // Set while a reminder that staff asked for has not reached everybody.
  'remind_asked_at bigint',
  'remind_asked_by text',
  // The member of staff who looks after the partner. No foreign key: users refer to partners, and a copy needs an order.
  'owner_id text',
  "notes text not null default ''",
];

/** The people of a partner, and those with an authenticator, at the end of each day on which they changed. */
const PARTNER_DAYS = `
    id text primary key,
    partner_id text not null references partners (id) on delete cascade,
    day bigint not null,
    people bigint not null,
    enrolled bigint not null`;

const STATEMENTS = [
  'create index partner_days_partner on partner_days (partner_id, day)',
  'create index partners_remind_asked on partners (id) where remind_asked_at is not null',
  'create index partners_owner on partners (owner_id) where owner_id is not null',
  // For a policy without a date, the log of the last change says since when.
  `update partners set required_since = coalesce((
     select max(e.at) from audit_events e where e.partner = partners.id and e.action = 'partner.mfa_policy_changed'
   ), created_at) where mfa_policy = 'required' and mfa_required_from is null`,
];

/** SQLite cannot drop the check of a column, and a partner's own schedule has other stages. */
async function rebuildReminders(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'reminders_rebuilt', REMINDERS);
  const columns = 'id, user_id, required_from, stage, queued_at';
  await run(db, `insert into reminders_rebuilt (${columns}) select ${columns} from reminders`);
  await run(db, 'drop table reminders');
  await run(db, 'alter table reminders_rebuilt rename to reminders');
  await run(db, 'create index reminders_user on reminders (user_id)');
}

const REMINDERS = `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    required_from bigint not null,
    stage text not null,
    queued_at bigint not null`;

async function run(db: Kysely<unknown>, text: string): Promise<void> {
  await sql.raw(inDialect(db, text)).execute(db);
}
