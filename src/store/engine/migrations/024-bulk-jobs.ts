import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** Jobs that change many partners or add many people, with a row for each of their items. */
export const bulkJobs: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const TABLES = {
  bulk_jobs: `
    id text primary key,
    kind text not null,
    maker text not null,
    reason text,
    state text not null,
    stopped_because text,
    settings text not null default '{}',
    total bigint not null default 0,
    done bigint not null default 0,
    unchanged bigint not null default 0,
    failed bigint not null default 0,
    checked bigint not null default 0,
    parent_id text,
    not_before bigint not null default 0,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint`,
  bulk_items: `
    id text primary key,
    job_id text not null references bulk_jobs (id) on delete cascade,
    position bigint not null,
    line bigint not null default 0,
    subject text,
    todo text not null,
    effect text not null default '',
    state text not null default 'waiting',
    note text,
    state_before text,
    state_after text,
    unique (job_id, position)`,
};

const STATEMENTS = [
  'create index bulk_jobs_created on bulk_jobs (created_at)',
  // Jobs with work to do are few, and every process looks for them each second.
  "create index bulk_jobs_open on bulk_jobs (not_before) where state in ('checking', 'running')",
  // One undo per job, whatever several people press at once.
  "create unique index bulk_jobs_undone on bulk_jobs (parent_id) where kind = 'undo' and started_at is not null",
  "create index bulk_items_waiting on bulk_items (job_id, position) where state = 'waiting'",
  "create index bulk_items_noted on bulk_items (job_id, position) where state in ('failed', 'unchanged')",
  'create index bulk_items_subject on bulk_items (job_id, subject)',
];
