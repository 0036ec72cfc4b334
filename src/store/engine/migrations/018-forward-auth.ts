import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/** Hosts behind forward-auth, their sessions, tickets and waiting visits, and the keys that sign tokens. */
export const forwardAuth: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const index of INDEXES) await sql.raw(`create ${index}`).execute(db);
  },
};

const OF_SITE = 'host text not null references sites (host) on delete cascade';
/** When a session is deleted, the same statement deletes this row, on every node. */
const OF_SESSION = 'session_id text not null references sessions (id) on delete cascade';

const TABLES = {
  sites: `
    host text primary key,
    acr text check (acr in ('mfa', 'phr')),
    partner_ids text not null,
    created_at bigint not null`,
  site_sessions: `
    id text primary key,
    token_hash text not null unique,
    ${OF_SITE},
    ${OF_SESSION},
    created_at bigint not null,
    unique (session_id, host)`,
  site_tickets: `
    id text primary key,
    token_hash text not null unique,
    ${OF_SITE},
    ${OF_SESSION},
    site_browser text not null,
    created_at bigint not null,
    expires_at bigint not null`,
  site_requests: `
    id text primary key,
    browser text not null,
    ${OF_SITE},
    return_path text not null,
    scheme text not null check (scheme in ('http', 'https')),
    site_browser text not null,
    created_at bigint not null,
    expires_at bigint not null`,
  signing_keys: `
    id text primary key,
    alg text not null check (alg in ('ES256', 'RS256')),
    sealed_jwk text not null,
    created_at bigint not null,
    activated_at bigint not null,
    retired_at bigint`,
};

const INDEXES = [
  'index site_sessions_host on site_sessions (host)',
  'index site_tickets_host on site_tickets (host)',
  'index site_tickets_session on site_tickets (session_id)',
  'index site_tickets_expires on site_tickets (expires_at)',
  'index site_requests_host on site_requests (host)',
  'index site_requests_expires on site_requests (expires_at)',
];
