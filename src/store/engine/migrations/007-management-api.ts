import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/** What programs need: keys of the management API, idempotent calls, and webhooks with their deliveries. */
export const managementApi: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const index of INDEXES) await sql.raw(`create ${index}`).execute(db);
  },
};

const TABLES = {
  api_keys: `
    id text primary key,
    name text not null,
    key_hash text not null unique,
    scopes text not null,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint,
    last_used_at bigint`,
  idempotent_calls: `
    id text primary key,
    api_key_id text not null references api_keys (id) on delete cascade,
    name_hash text not null,
    request_hash text not null,
    sealed_answer text not null,
    expires_at bigint not null,
    unique (api_key_id, name_hash)`,
  webhooks: `
    id text primary key,
    url text not null,
    events text not null,
    created_at bigint not null,
    disabled_at bigint,
    disabled_because text check (disabled_because in ('by_staff', 'failing')),
    failing_since bigint`,
  webhook_secrets: `
    id text primary key,
    webhook_id text not null references webhooks (id) on delete cascade,
    sealed_secret text not null,
    created_at bigint not null,
    expires_at bigint`,
  webhook_deliveries: `
    id text primary key,
    webhook_id text not null references webhooks (id) on delete cascade,
    type text not null,
    payload text not null,
    created_at bigint not null,
    next_try_at bigint not null,
    tries bigint not null,
    delivered_at bigint,
    dead_at bigint,
    last_fault text`,
};

const INDEXES = [
  'index idempotent_calls_expires on idempotent_calls (expires_at)',
  'index webhook_secrets_webhook on webhook_secrets (webhook_id)',
  'index webhook_deliveries_waiting on webhook_deliveries (next_try_at) where delivered_at is null and dead_at is null',
  'index webhook_deliveries_webhook on webhook_deliveries (webhook_id, id)',
  'index webhook_deliveries_created on webhook_deliveries (created_at)',
];
