import type { Schema } from './database.ts';

/**
 * What a copy of the database does with a table: `rows` are copied in the order of `key`, which is unique; `derived` ones
 * are kept by the database itself from the others and only compared; `process` ones are of running processes and left out.
 */
export type TablePlan =
  | { readonly holds: 'rows'; readonly key: string }
  | { readonly holds: 'derived'; readonly key: string }
  | { readonly holds: 'process' };

/**
 * Every table of the schema, those that others refer to first. The compiler misses a table that is not here, and a test
 * one that the database has.
 */
export const TABLES = {
  ring_keys: { holds: 'rows', key: 'id' },
  partners: { holds: 'rows', key: 'id' },
  users: { holds: 'rows', key: 'id' },
  authenticators: { holds: 'rows', key: 'id' },
  enrollments: { holds: 'rows', key: 'id' },
  recovery_code_sets: { holds: 'rows', key: 'id' },
  recovery_codes: { holds: 'rows', key: 'id' },
  pending_sign_ins: { holds: 'rows', key: 'id' },
  sessions: { holds: 'rows', key: 'id' },
  devices: { holds: 'rows', key: 'id' },
  attempts: { holds: 'rows', key: 'key' },
  links: { holds: 'rows', key: 'id' },
  clock_offsets: { holds: 'rows', key: 'user_id' },
  outbox: { holds: 'rows', key: 'id' },
  reminders: { holds: 'rows', key: 'id' },
  partner_counts: { holds: 'derived', key: 'partner_id' },
  access_codes: { holds: 'rows', key: 'user_id' },
  reset_requests: { holds: 'rows', key: 'id' },
  email_links: { holds: 'rows', key: 'id' },
  outside_invitations: { holds: 'rows', key: 'id' },
  adoption_days: { holds: 'rows', key: 'day' },
  event_days: { holds: 'rows', key: 'id' },
  api_keys: { holds: 'rows', key: 'id' },
  idempotent_calls: { holds: 'rows', key: 'id' },
  webhooks: { holds: 'rows', key: 'id' },
  webhook_secrets: { holds: 'rows', key: 'id' },
  webhook_deliveries: { holds: 'rows', key: 'id' },
  audit_events: { holds: 'rows', key: 'id' },
  audit_batches: { holds: 'rows', key: 'number' },
  servers: { holds: 'process' },
  jobs: { holds: 'process' },
} as const satisfies Readonly<Record<keyof Schema, TablePlan>>;

export type CopiedTable = { readonly table: keyof Schema; readonly key: string; readonly derived: boolean };

/** The tables that are copied or compared, in their order. */
export const COPIED_TABLES: readonly CopiedTable[] = Object.entries<TablePlan>(TABLES).flatMap(([table, plan]) =>
  plan.holds === 'process' ? [] : [{ table: table as keyof Schema, key: plan.key, derived: plan.holds === 'derived' }],
);
