import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable } from './001-first.ts';

/** The programs that people sign in to by OpenID Connect, and the partners that a client is restricted to. */
export const openidClients: Migration = {
  async up(db: Kysely<unknown>) {
    await createTable(db, 'oidc_clients', CLIENTS);
    await createTable(db, 'oidc_client_partners', PARTNERS);
    for (const index of INDEXES) await sql.raw(`create ${index}`).execute(db);
  },
};

const CLIENTS = `
    id text primary key,
    name text not null,
    type text not null check (type in ('web', 'browser')),
    redirect_uris text not null,
    post_logout_redirect_uris text not null,
    backchannel_logout_uri text,
    backchannel_internal bigint not null,
    third_party bigint not null,
    secret_hash text,
    jwks text,
    id_token_alg text not null check (id_token_alg in ('ES256', 'RS256')),
    created_at bigint not null,
    created_by text not null,
    disabled_at bigint,
    last_used_at bigint,
    check (type = 'web' or (secret_hash is null and jwks is null))`;

// A client without partners serves everybody. So a partner cannot be deleted while a client is restricted to it.
const PARTNERS = `
    id text primary key,
    client_id text not null references oidc_clients (id) on delete cascade,
    partner_id text not null references partners (id),
    unique (client_id, partner_id)`;

const INDEXES = ['index oidc_client_partners_partner on oidc_client_partners (partner_id)'];
