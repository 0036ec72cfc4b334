import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/** Lists of addresses that a manager pasted to invite. They stay for a day, so that a limit or a reload loses nothing. */
export const teamLists: Migration = {
  async up(db) {
    await createTable(db, 'pasted_lists', PASTED_LISTS);
    for (const index of INDEXES) await sql.raw(`create index ${index}`).execute(db);
  },
};

const PASTED_LISTS = `
    id text primary key,
    partner_id text not null references partners (id) on delete cascade,
    made_by text not null references users (id) on delete cascade,
    role text not null check (role in ('member', 'manager')),
    pasted text not null,
    created_at bigint not null,
    expires_at bigint not null`;

const INDEXES = [
  'pasted_lists_made_by on pasted_lists (made_by)',
  'pasted_lists_partner on pasted_lists (partner_id)',
  'pasted_lists_expires on pasted_lists (expires_at)',
];
