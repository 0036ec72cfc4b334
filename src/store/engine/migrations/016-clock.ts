import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/** Remembers what a wrong clock would otherwise make unsafe: which codes were used, and when each try was counted. */
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
  // The public URL of this server. Commands that run beside it also put it into links.
  "servers add column public_url text not null default ''",
];

const FILL = "update authenticators set used_steps = cast(last_used_step as text) || ' ' where last_used_step >= 0";
