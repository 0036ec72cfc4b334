import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/**
 * Forms now have idempotency names too, so a name need not belong to an API key. Also adds the secrets that a page
 * shows for ten minutes to the person who made them.
 */
export const actsByForm: Migration = {
  async up(db) {
    await dropKeyReference(db);
    await createTable(db, 'shown_secrets', SHOWN_SECRETS);
    for (const index of INDEXES) await sql.raw(`create ${index}`).execute(db);
  },
};

const NAMED_ACTS = `
    id text primary key,
    api_key_id text not null,
    name_hash text not null,
    request_hash text not null,
    sealed_answer text not null,
    expires_at bigint not null,
    unique (api_key_id, name_hash)`;

const SHOWN_SECRETS = `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    sealed_secret text not null,
    expires_at bigint not null`;

const INDEXES = [
  'index shown_secrets_user on shown_secrets (user_id)',
  'index shown_secrets_expires on shown_secrets (expires_at)',
];

/** SQLite cannot drop a constraint, so the rows move to a new table without it. */
async function dropKeyReference(db: Kysely<unknown>): Promise<void> {
  const run = (text: string) => sql.raw(text).execute(db);
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    await run('alter table idempotent_calls drop constraint idempotent_calls_api_key_id_fkey');
    return;
  }
  await run('alter table idempotent_calls rename to idempotent_calls_before');
  await createTable(db, 'idempotent_calls', NAMED_ACTS);
  await run('insert into idempotent_calls select * from idempotent_calls_before');
  await run('drop table idempotent_calls_before');
  await run('create index idempotent_calls_expires on idempotent_calls (expires_at)');
}
