import type { Schema } from './database.ts';

/**
 * What a copy of the database does with a table: `rows` are copied in the order of `key`, which is unique; `derived` ones
 * are kept by the database itself from the others and only compared; `process` ones are of running processes and left out.
 */
type Copied =
  | { readonly holds: 'rows'; readonly key: string }
  | { readonly holds: 'derived'; readonly key: string }
  | { readonly holds: 'process' };

/**
 * What a restored backup does with a table, because it cannot know what was revoked since: `ends` deletes every row,
 * `closes` leaves rows that open nothing (see `epoch.ts`), `stays` is for what opens nothing by itself.
 */
type Restored = { readonly restore: 'ends' | 'closes' | 'stays' };

/** What a reset of MFA does with what belongs to the person (see `flows/administration/take-authenticators.ts`); of tables with a `user_id`. */
type Reset = { readonly reset?: 'goes' | 'stays' };

export type TablePlan = Copied & Restored & Reset;

/**
 * Every table of the schema, those that others refer to first. The compiler misses a table that is not here, and a test
 * one that the database has.
 */
export const TABLES = {
  ring_keys: { holds: 'rows', key: 'id', restore: 'stays' },
  partners: { holds: 'rows', key: 'id', restore: 'stays' },
  users: { holds: 'rows', key: 'id', restore: 'stays' },
  authenticators: { holds: 'rows', key: 'id', restore: 'closes', reset: 'goes' },
  enrollments: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  recovery_code_sets: { holds: 'rows', key: 'id', restore: 'closes', reset: 'goes' },
  recovery_codes: { holds: 'rows', key: 'id', restore: 'stays', reset: 'goes' },
  pending_sign_ins: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  sessions: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  devices: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  attempts: { holds: 'rows', key: 'key', restore: 'stays' },
  refusal_counts: { holds: 'rows', key: 'key', restore: 'stays' },
  // A link to set a password opens the first factor alone, and goes to the person by mail.
  links: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  clock_offsets: { holds: 'rows', key: 'user_id', restore: 'stays', reset: 'stays' },
  outbox: { holds: 'rows', key: 'id', restore: 'closes' },
  reminders: { holds: 'rows', key: 'id', restore: 'stays', reset: 'stays' },
  partner_counts: { holds: 'derived', key: 'partner_id', restore: 'stays' },
  access_codes: { holds: 'rows', key: 'user_id', restore: 'closes', reset: 'goes' },
  reset_requests: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  // A change that waits goes; the way back to an earlier email is the owner's and stays.
  email_links: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  former_emails: { holds: 'rows', key: 'id', restore: 'stays' },
  outside_invitations: { holds: 'rows', key: 'id', restore: 'stays' },
  adoption_days: { holds: 'rows', key: 'day', restore: 'stays' },
  event_days: { holds: 'rows', key: 'id', restore: 'stays' },
  api_keys: { holds: 'rows', key: 'id', restore: 'closes' },
  idempotent_calls: { holds: 'rows', key: 'id', restore: 'ends' },
  // What a member of staff made for others; only a session of theirs shows it.
  shown_secrets: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  // A host that was removed since is back: it lets nobody in who has no live session.
  sites: { holds: 'rows', key: 'host', restore: 'stays' },
  site_sessions: { holds: 'rows', key: 'id', restore: 'ends' },
  site_tickets: { holds: 'rows', key: 'id', restore: 'ends' },
  site_requests: { holds: 'rows', key: 'id', restore: 'ends' },
  // One that was retired since would sign again: the first token after a restore makes another.
  signing_keys: { holds: 'rows', key: 'id', restore: 'ends' },
  webhooks: { holds: 'rows', key: 'id', restore: 'closes' },
  webhook_secrets: { holds: 'rows', key: 'id', restore: 'closes' },
  webhook_deliveries: { holds: 'rows', key: 'id', restore: 'stays' },
  oidc_clients: { holds: 'rows', key: 'id', restore: 'closes' },
  // Tokens that were revoked since would be good again.
  oidc_grants: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  oidc_records: { holds: 'rows', key: 'id_hash', restore: 'ends' },
  oidc_requests: { holds: 'rows', key: 'id_hash', restore: 'ends' },
  oidc_consents: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  oidc_logouts: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  oidc_client_partners: { holds: 'rows', key: 'id', restore: 'stays' },
  audit_events: { holds: 'rows', key: 'id', restore: 'stays' },
  audit_batches: { holds: 'rows', key: 'number', restore: 'stays' },
  servers: { holds: 'process', restore: 'stays' },
  jobs: { holds: 'process', restore: 'stays' },
} as const satisfies Readonly<Record<keyof Schema, TablePlan>>;

/** The tables with this fate at a restore. */
export type TablesThat<Fate extends Restored['restore']> = {
  readonly [Name in keyof typeof TABLES]: (typeof TABLES)[Name] extends { readonly restore: Fate } ? Name : never;
}[keyof typeof TABLES];

export type CopiedTable = { readonly table: keyof Schema; readonly key: string; readonly derived: boolean };

/** The tables that are copied or compared, in their order. */
export const COPIED_TABLES: readonly CopiedTable[] = Object.entries<TablePlan>(TABLES).flatMap(([table, plan]) =>
  plan.holds === 'process' ? [] : [{ table: table as keyof Schema, key: plan.key, derived: plan.holds === 'derived' }],
);
