import { PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { inDialect } from './001-first.ts';

/**
 * A key of the management API is revoked, with a reason, when the person who made it loses the right to it. This
 * revokes the keys whose makers lost it before, and deletes their reset requests. An invitation stores who made it.
 */
export const keysEndWithMakers: Migration = {
  async up(db) {
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
    // The time of this migration, because the database does not know when the makers left.
    const now = db.getExecutor().adapter instanceof PostgresAdapter ? NOW.postgres : NOW.sqlite;
    for (const [because, makers] of Object.entries(GONE)) {
      await sql`update api_keys set revoked_at = ${sql.raw(now)}, revoked_because = ${because}
        where revoked_at is null and created_by not in ('command_line', 'system') and ${sql.raw(makers)}`.execute(db);
    }
    await sql`delete from reset_requests where requested_by not like 'api_key:%' and requested_by not in
      (select id from users where role in ('csm', 'admin') and disabled_at is null)`.execute(db);
  },
};

const STATEMENTS = [
  'alter table api_keys add column revoked_because text',
  'create index api_keys_maker on api_keys (created_by)',
  'alter table links add column made_by text',
  'create index links_maker on links (made_by) where made_by is not null',
];

const NOW = { postgres: 'floor(extract(epoch from now()))::bigint', sqlite: 'unixepoch()' };

const GONE = {
  maker_deleted: 'created_by not in (select id from users)',
  maker_disabled: 'created_by in (select id from users where disabled_at is not null)',
  maker_demoted: "created_by in (select id from users where role <> 'admin')",
};
