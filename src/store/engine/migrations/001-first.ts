import { type Kysely, SqliteAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const first: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const index of INDEXES) await sql.raw(`create ${index}`).execute(db);
  },
};

/** Creates a table from one text, in the dialect of each database. */
export async function createTable(db: Kysely<unknown>, name: string, columns: string): Promise<void> {
  const create = inDialect(db, `create table ${name} (${columns})`);
  await sql.raw(isSqlite(db) ? `${create} strict` : create).execute(db);
}

/**
 * SQLite's strict tables need `integer` instead of `bigint` (64 bits there too). SQLite compares text byte by byte;
 * PostgreSQL does so only with collation "C". `like 'prefix%'` needs that order to use an index.
 */
export function inDialect(db: Kysely<unknown>, text: string): string {
  return isSqlite(db) ? text.replaceAll('bigint', 'integer') : text.replaceAll(/\btext\b/g, 'text collate "C"');
}

function isSqlite(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof SqliteAdapter;
}

const OF_USER = 'user_id text not null references users (id) on delete cascade';

const TABLES = {
  partners: `
    id text primary key,
    slug text not null unique,
    name text not null,
    mfa_policy text not null check (mfa_policy in ('off', 'optional', 'required')),
    mfa_required_from bigint,
    created_at bigint not null`,
  users: `
    id text primary key,
    partner_id text references partners (id),
    email text not null unique,
    name text not null,
    role text not null check (role in ('member', 'manager', 'csm', 'admin')),
    sealed_password text,
    locale text,
    created_at bigint not null,
    disabled_at bigint,
    mfa_skipped_at bigint`,
  authenticators: `
    id text primary key,
    ${OF_USER} unique,
    sealed_secret text not null,
    last_used_step bigint not null,
    created_at bigint not null,
    last_used_at bigint,
    last_refusal text`,
  enrollments: `
    id text primary key,
    ${OF_USER},
    owner_id text not null unique,
    sealed_secret text not null,
    created_at bigint not null,
    expires_at bigint not null,
    tries bigint not null,
    confirming_until bigint,
    last_refusal text`,
  recovery_code_sets: `
    id text primary key,
    ${OF_USER} unique,
    created_at bigint not null,
    sealed_copy text,
    copy_expires_at bigint`,
  recovery_codes: `
    id text primary key,
    set_id text not null references recovery_code_sets (id) on delete cascade,
    ${OF_USER},
    tag text not null unique,
    hash text not null,
    used_at bigint`,
  pending_sign_ins: `
    id text primary key,
    token_hash text not null unique,
    mouth text not null check (mouth in ('page', 'api')),
    ${OF_USER},
    created_at bigint not null,
    expires_at bigint not null,
    tries bigint not null,
    skippable bigint not null check (skippable in (0, 1)),
    device_id text,
    return_to text,
    completed_at bigint,
    completed_to text`,
  sessions: `
    id text primary key,
    token_hash text not null unique,
    mouth text not null check (mouth in ('page', 'api')),
    ${OF_USER},
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null,
    amr text not null,
    second_factor_at bigint,
    auth_time bigint not null,
    step_up_at bigint,
    step_up_method text check (step_up_method in ('totp', 'recovery_code', 'password')),
    step_up_to text,
    continue_to text not null,
    notice text,
    device_id text,
    address text,
    user_agent text`,
  devices: `
    id text primary key,
    ${OF_USER},
    token_hash text not null,
    created_at bigint not null,
    expires_at bigint not null,
    unique (token_hash, user_id)`,
  attempts: `
    key text primary key,
    state text not null,
    version bigint not null,
    expires_at bigint not null`,
  links: `
    id text primary key,
    token_hash text not null unique,
    purpose text not null check (purpose in ('reset', 'invitation', 'first_administrator')),
    user_id text references users (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint`,
  // One per user: the newest replaces the older one.
  clock_offsets: `
    ${OF_USER} primary key,
    offset_seconds bigint not null,
    at bigint not null`,
  outbox: `
    id text primary key,
    kind text not null,
    recipient text not null,
    locale text not null,
    sealed_parameters text not null,
    created_at bigint not null,
    sent_at bigint`,
  // No foreign key, because events must outlive the person.
  audit_events: `
    id text primary key,
    at bigint not null,
    action text not null,
    outcome text not null,
    actor text,
    subject text,
    partner text,
    request_id text,
    detail text not null,
    client text,
    client_digest text not null,
    batch bigint`,
  audit_batches: `
    number bigint primary key,
    sealed_at bigint not null,
    event_count bigint not null,
    manifest text not null,
    events_digest text not null,
    head text not null,
    seal text not null,
    checkpoint bigint not null check (checkpoint in (0, 1))`,
  ring_keys: `
    id text primary key,
    fingerprint text not null,
    first_used_at bigint not null`,
};

const INDEXES = [
  'index users_partner on users (partner_id)',
  'index enrollments_user on enrollments (user_id)',
  'index enrollments_expiry on enrollments (expires_at)',
  'index recovery_codes_set on recovery_codes (set_id)',
  'index recovery_codes_user on recovery_codes (user_id)',
  'index pending_sign_ins_user on pending_sign_ins (user_id)',
  'index pending_sign_ins_expiry on pending_sign_ins (expires_at)',
  'index sessions_user on sessions (user_id)',
  'index sessions_expiry on sessions (expires_at)',
  'index devices_user on devices (user_id)',
  'index attempts_expiry on attempts (expires_at)',
  'index links_user on links (user_id)',
  'index clock_offsets_at on clock_offsets (at)',
  'index outbox_unsent on outbox (sent_at, created_at)',
  'index audit_events_at on audit_events (at)',
  'index audit_events_subject on audit_events (subject)',
  'index audit_events_batch on audit_events (batch) where batch is not null',
  // The unsealed events, in the order of sealing.
  'index audit_events_tail on audit_events (id) where batch is null',
];
