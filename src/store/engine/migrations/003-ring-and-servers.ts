import { SqliteAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a key rotation needs to know: the state of each key, and the keys that each running server has. */
export const ringAndServers: Migration = {
  async up(db) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter;
    for (const text of STATEMENTS) {
      await sql.raw(isSqlite ? text.replaceAll('bigint', 'integer') : text).execute(db);
    }
    const create = `create table servers (${SERVERS})`;
    const text = isSqlite
      ? `${create.replaceAll('bigint', 'integer')} strict`
      : create.replaceAll(/\btext\b/g, 'text collate "C"');
    await sql.raw(text).execute(db);
  },
};

const STATEMENTS = [
  'alter table ring_keys add column activated_at bigint',
  'alter table ring_keys add column retired_at bigint',
  'update ring_keys set activated_at = first_used_at',
];

const SERVERS = `
  id text primary key,
  name text not null,
  key_ids text not null,
  started_at bigint not null,
  seen_at bigint not null`;
