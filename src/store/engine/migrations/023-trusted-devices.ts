import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/** Browsers on which a person needs no second factor for 30 days, and the partners that allow them. */
export const trustedDevices: Migration = {
  async up(db) {
    await createTable(db, 'trusted_devices', TRUSTED_DEVICES);
    for (const text of ADDED) await sql.raw(inDialect(db, text)).execute(db);
  },
};

const TRUSTED_DEVICES = `
  id text primary key,
  user_id text not null references users (id) on delete cascade,
  secret_hash text not null,
  previous_secret_hash text,
  authenticators text not null,
  address text,
  user_agent text,
  created_at bigint not null,
  last_used_at bigint not null,
  expires_at bigint not null`;

const ADDED = [
  'create index trusted_devices_user on trusted_devices (user_id)',
  'create index trusted_devices_expiry on trusted_devices (expires_at)',
  'alter table partners add column trusted_devices bigint not null default 0',
  // Without a reference: the session outlives the natural end of its device.
  'alter table sessions add column trusted_device_id text',
  // Set where the session had no second factor at that time: the grant ends with the device.
  'alter table oidc_grants add column trusted_device_id text',
];
