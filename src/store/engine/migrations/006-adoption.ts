import { SqliteAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Data of the dashboard charts, and indexes for the audit filters and for sorting partners. */
export const adoption: Migration = {
  async up(db) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter;
    for (const [name, columns] of Object.entries(TABLES)) {
      const create = `create table ${name} (${columns})`;
      await sql.raw(isSqlite ? `${create.replaceAll('bigint', 'integer')} strict` : create).execute(db);
    }
    for (const statement of [...INDEXES, FILL]) await sql.raw(statement).execute(db);
  },
};

const TABLES = {
  // The people of partners that are not archived, and how many of them have an authenticator, at the end of each day.
  adoption_days: `
    day bigint primary key,
    people bigint not null,
    enrolled bigint not null`,
  // How often each event happened on a day. Sealing adds the events; pruning does not remove the counts.
  event_days: `
    id text primary key,
    day bigint not null,
    action text not null,
    reason text not null,
    count bigint not null`,
};

const INDEXES = [
  'create index event_days_day on event_days (day)',
  'create index partners_name on partners (lower(name), id)',
  'create index partner_counts_people on partner_counts (people, partner_id)',
  `create index partner_counts_adoption on partner_counts
   ((case when people = 0 then 100 else enrolled * 100 / people end), partner_id)`,
  'create index users_staff on users (role, email) where partner_id is null',
  'create index users_exempt on users (partner_id, exempt_until) where exempt_until is not null',
  'create index audit_events_about on audit_events (subject, id) where subject is not null',
  'create index audit_events_actor on audit_events (actor, id) where actor is not null',
  'create index audit_events_action on audit_events (action, id)',
  // `audit_events_about` also serves the queries of this index.
  'drop index audit_events_subject',
];

/** Estimates the days before this table from today's people: when they were created and when they enrolled. */
const FILL = `
  insert into adoption_days (day, people, enrolled)
  select day, sum(sum(people)) over (order by day), sum(sum(enrolled)) over (order by day) from (
    select u.created_at / 86400 * 86400 as day, 1 as people, 0 as enrolled
    from users u join partners p on p.id = u.partner_id
    where u.disabled_at is null and p.archived_at is null
    union all
    select a.created_at / 86400 * 86400, 0, 1
    from authenticators a join users u on u.id = a.user_id join partners p on p.id = u.partner_id
    where u.disabled_at is null and p.archived_at is null
  ) changes group by day`;
