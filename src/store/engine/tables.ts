import type { Schema } from './database.ts';

/**
 * What a copy of the database does with a table: `rows` are copied in the order of `key`, which is unique; `derived`
 * rows are computed by the database from other tables and only compared; `process` rows belong to running processes and
 * are left out.
 */
type Copied =
  | { readonly holds: 'rows'; readonly key: string }
  | { readonly holds: 'derived'; readonly key: string }
  | { readonly holds: 'process' };

/**
 * What a restore of a backup does with a table, because the backup does not know later revocations: `ends` deletes
 * every row, `closes` changes rows so that they give no access (see `epoch.ts`), `stays` is for rows that give no
 * access by themselves.
 */
type Restored = { readonly restore: 'ends' | 'closes' | 'stays' };

/** What a reset of MFA does with a table that has a `user_id` (see `flows/administration/take-authenticators.ts`). */
type Reset = { readonly reset?: 'goes' | 'stays' };

export type TablePlan = Copied & Restored & Reset;

/**
 * Every table of the schema; a table comes after those that it refers to. The compiler reports a missing table of the
 * schema, and a test reports a missing table of the database.
 */
export const TABLES = {
  ring_keys: { holds: 'rows', key: 'id', restore: 'stays' },
  partners: { holds: 'rows', key: 'id', restore: 'stays' },
  users: { holds: 'rows', key: 'id', restore: 'stays' },
  authenticators: { holds: 'rows', key: 'id', restore: 'closes', reset: 'goes' },
  // A public key signs nothing. One that was removed after the backup returns, like an app.
  passkeys: { holds: 'rows', key: 'id', restore: 'stays', reset: 'goes' },
  passkey_challenges: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  enrollments: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  recovery_code_sets: { holds: 'rows', key: 'id', restore: 'closes', reset: 'goes' },
  recovery_codes: { holds: 'rows', key: 'id', restore: 'stays', reset: 'goes' },
  pending_sign_ins: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  sessions: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  devices: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  trusted_devices: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  attempts: { holds: 'rows', key: 'key', restore: 'stays' },
  refusal_counts: { holds: 'rows', key: 'key', restore: 'stays' },
  // A link to set a password gives only the first factor, and the person gets it by mail.
  links: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  clock_offsets: { holds: 'rows', key: 'user_id', restore: 'stays', reset: 'stays' },
  outbox: { holds: 'rows', key: 'id', restore: 'closes' },
  reminders: { holds: 'rows', key: 'id', restore: 'stays', reset: 'stays' },
  partner_counts: { holds: 'derived', key: 'partner_id', restore: 'stays' },
  access_codes: { holds: 'rows', key: 'user_id', restore: 'closes', reset: 'goes' },
  reset_requests: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  // A reset deletes a pending change. The link that restores an earlier email belongs to the owner and stays.
  email_links: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  former_emails: { holds: 'rows', key: 'id', restore: 'stays' },
  outside_invitations: { holds: 'rows', key: 'id', restore: 'stays' },
  pasted_lists: { holds: 'rows', key: 'id', restore: 'ends' },
  adoption_days: { holds: 'rows', key: 'day', restore: 'stays' },
  event_days: { holds: 'rows', key: 'id', restore: 'stays' },
  partner_days: { holds: 'rows', key: 'id', restore: 'stays' },
  logos: { holds: 'rows', key: 'id', restore: 'stays' },
  api_keys: { holds: 'rows', key: 'id', restore: 'closes' },
  idempotent_calls: { holds: 'rows', key: 'id', restore: 'ends' },
  // Secrets that a staff member made for others. Only that person's own session shows them.
  shown_secrets: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  // A host that was removed after the backup returns. It still admits only people with a live session.
  sites: { holds: 'rows', key: 'host', restore: 'stays' },
  site_sessions: { holds: 'rows', key: 'id', restore: 'ends' },
  site_tickets: { holds: 'rows', key: 'id', restore: 'ends' },
  site_requests: { holds: 'rows', key: 'id', restore: 'ends' },
  // A key that was retired after the backup would sign again. The first token after a restore creates a new key.
  signing_keys: { holds: 'rows', key: 'id', restore: 'ends' },
  webhooks: { holds: 'rows', key: 'id', restore: 'closes' },
  webhook_secrets: { holds: 'rows', key: 'id', restore: 'closes' },
  webhook_deliveries: { holds: 'rows', key: 'id', restore: 'stays' },
  oidc_clients: { holds: 'rows', key: 'id', restore: 'closes' },
  // Tokens that were revoked after the backup would be valid again.
  oidc_grants: { holds: 'rows', key: 'id', restore: 'ends', reset: 'goes' },
  oidc_records: { holds: 'rows', key: 'id_hash', restore: 'ends' },
  oidc_requests: { holds: 'rows', key: 'id_hash', restore: 'ends' },
  oidc_consents: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  oidc_logouts: { holds: 'rows', key: 'id', restore: 'ends', reset: 'stays' },
  oidc_client_partners: { holds: 'rows', key: 'id', restore: 'stays' },
  audit_events: { holds: 'rows', key: 'id', restore: 'stays' },
  audit_batches: { holds: 'rows', key: 'number', restore: 'stays' },
  // A job goes on only where it began: after the backup it may have been stopped, or done.
  bulk_jobs: { holds: 'rows', key: 'id', restore: 'ends' },
  bulk_items: { holds: 'rows', key: 'id', restore: 'ends' },
  // A rule that was made stricter after the backup is as it was. The restore says so.
  instance_settings: { holds: 'rows', key: 'name', restore: 'stays' },
  servers: { holds: 'process', restore: 'stays' },
  jobs: { holds: 'process', restore: 'stays' },
} as const satisfies Readonly<Record<keyof Schema, TablePlan>>;

/** The tables with this restore plan. */
export type TablesThat<Fate extends Restored['restore']> = {
  readonly [Name in keyof typeof TABLES]: (typeof TABLES)[Name] extends { readonly restore: Fate } ? Name : never;
}[keyof typeof TABLES];

export type CopiedTable = { readonly table: keyof Schema; readonly key: string; readonly derived: boolean };

/** The tables that are copied or compared, in order. */
export const COPIED_TABLES: readonly CopiedTable[] = Object.entries<TablePlan>(TABLES).flatMap(([table, plan]) =>
  plan.holds === 'process' ? [] : [{ table: table as keyof Schema, key: plan.key, derived: plan.holds === 'derived' }],
);
