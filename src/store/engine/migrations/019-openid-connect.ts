import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/**
 * OpenID Connect: authorization requests that wait for a person, their grants with codes and tokens, consents, and
 * sign-outs that a client has not been notified of.
 *
 * When a session is deleted, the foreign key deletes its grants, and a trigger queues the notice for the client.
 */
export const openIdConnect: Migration = {
  async up(db) {
    for (const [name, columns] of Object.entries(TABLES)) await createTable(db, name, columns);
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
    await createTrigger(db);
  },
};

const TABLES = {
  oidc_requests: `
    id_hash text primary key,
    browser text not null,
    client_id text not null references oidc_clients (id) on delete cascade,
    params text not null,
    chosen bigint not null default 0,
    consented text,
    created_at bigint not null,
    expires_at bigint not null`,
  oidc_grants: `
    id text primary key,
    sid text not null,
    session_id text references sessions (id) on delete cascade,
    user_id text not null references users (id) on delete cascade,
    client_id text not null references oidc_clients (id) on delete cascade,
    payload text not null,
    amr text not null,
    auth_time bigint not null,
    offline bigint not null,
    created_at bigint not null,
    expires_at bigint not null`,
  oidc_records: `
    id_hash text primary key,
    kind text not null,
    grant_id text references oidc_grants (id) on delete cascade,
    payload text not null,
    created_at bigint not null,
    expires_at bigint not null,
    consumed_at bigint,
    successor text`,
  oidc_consents: `
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    client_id text not null references oidc_clients (id) on delete cascade,
    scope text not null,
    created_at bigint not null,
    unique (user_id, client_id)`,
  oidc_logouts: `
    id text primary key,
    client_id text not null references oidc_clients (id) on delete cascade,
    user_id text not null,
    sid text not null,
    tries bigint not null default 0,
    next_try_at bigint not null default 0,
    first_try_at bigint`,
};

const STATEMENTS = [
  // The older session of this person in the same browser, which the sign-in replaces.
  'alter table pending_sign_ins add column replaced_session_id text',
  'create index oidc_requests_expires on oidc_requests (expires_at)',
  'create index oidc_grants_session on oidc_grants (session_id)',
  'create index oidc_grants_user on oidc_grants (user_id)',
  'create index oidc_grants_client on oidc_grants (client_id)',
  'create index oidc_grants_expires on oidc_grants (expires_at)',
  'create index oidc_records_grant on oidc_records (grant_id)',
  'create index oidc_records_expires on oidc_records (expires_at)',
  'create index oidc_consents_client on oidc_consents (client_id)',
  'create index oidc_logouts_due on oidc_logouts (client_id, next_try_at, id)',
  // Whether the person proved the email by opening a link that was sent to it.
  'alter table users add column email_proven bigint not null default 0',
  `update users set email_proven = 1 where id in (
     select subject from audit_events where action in ('invitation.accepted', 'password.reset', 'email.changed'))`,
];

/** Queues a notice for each client with back-channel logout when a grant is deleted, whatever deleted it. */
async function createTrigger(db: Kysely<unknown>): Promise<void> {
  const notice = `
    insert into oidc_logouts (id, client_id, user_id, sid)
    select old.id, c.id, old.user_id, old.sid from oidc_clients c
    where c.id = old.client_id and c.backchannel_logout_uri is not null and c.disabled_at is null
    on conflict do nothing`;
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    await sql
      .raw(`create function oidc_grant_ended() returns trigger language plpgsql as
        $$ begin ${notice}; return null; end $$`)
      .execute(db);
    await sql
      .raw(
        'create trigger oidc_grant_ended after delete on oidc_grants for each row execute function oidc_grant_ended()',
      )
      .execute(db);
    return;
  }
  await sql.raw(`create trigger oidc_grant_ended after delete on oidc_grants begin ${notice}; end`).execute(db);
}
