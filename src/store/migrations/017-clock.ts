import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/**
 * What has to be remembered for the day on which the clock was wrong: which codes were used, whatever it said then, and
 * when a try was counted.
 */
export const clock: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const STATEMENTS = [
  "alter table authenticators add column used_steps text not null default ''",
  "update authenticators set used_steps = cast(last_used_step as text) || ' ' where last_used_step >= 0",
  'alter table attempts add column written_at bigint not null default 0',
  'alter table attempts add column ahead_seconds bigint not null default 0',
];
