import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/**
 * What has to be remembered for the day on which the clock was wrong: which codes were used, whatever it said then, and
 * when a try was counted.
 */
export const clock: Migration = {
  async up(db) {
    for (const column of COLUMNS) await sql.raw(inDialect(db, `alter table ${column}`)).execute(db);
    await sql.raw(FILL).execute(db);
  },
};

const COLUMNS = [
  "authenticators add column used_steps text not null default ''",
  'attempts add column written_at bigint not null default 0',
  'attempts add column ahead_seconds bigint not null default 0',
  // The address that the links of this server lead to: a command beside it makes links too.
  "servers add column public_url text not null default ''",
];

const FILL = "update authenticators set used_steps = cast(last_used_step as text) || ' ' where last_used_step >= 0";
