import { sql } from 'kysely';
import type { Queries, Schema } from './database.ts';

/**
 * How each stored instant is corrected if it lies so far in the future that the clock must have been wrong:
 *
 * - `tells`: no rule depends on its value, at most on whether it is set. It does not change.
 * - `chosen`: a person chose this date, as far ahead as they like. It does not change.
 * - `outlives`: it lasts longer by the error of the clock, which gives nobody access. It does not change.
 * - `due`: something waits for it. It is set to now as soon as the clock is right, because an early try does no harm.
 * - `past`: it is set to now after the clock was stable for five minutes. Periods that depend on it start then.
 * - `ended`: proof of an event at that moment. It is removed after the same five minutes.
 * - `moves`: a row with a creation and an expiry time. After five minutes both move together, with creation set to now.
 * - `within`: after five minutes it is limited to this many seconds after now.
 * - `own`: another statement corrects it.
 */
type Instant =
  | 'tells'
  | 'chosen'
  | 'outlives'
  | 'due'
  | 'past'
  | 'ended'
  | 'moves'
  | 'own'
  | { readonly within: number };

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Every column with an instant, or with a count that began in 1970. Add each new column here with its correction. */
export const INSTANTS: { readonly [Table in keyof Schema]?: { readonly [Column in keyof Schema[Table]]?: Instant } } = {
  partners: {
    mfa_required_from: 'chosen',
    passkey_required_from: 'chosen',
    created_at: 'tells',
    archived_at: 'tells',
    required_since: 'tells',
    reminded_at: 'due',
    remind_asked_at: 'due',
  },
  logos: { created_at: 'tells' },
  users: {
    created_at: 'tells',
    disabled_at: 'tells',
    last_sign_in_at: 'tells',
    exempt_until: 'chosen',
    mfa_skipped_at: 'due',
    passkey_offered_at: 'due',
    reminded_at: 'due',
    password_reset_at: 'past',
    password_set_at: 'tells',
  },
  authenticators: { last_used_step: 'own', created_at: 'tells', last_used_at: 'tells' },
  passkey_challenges: { created_at: 'moves', expires_at: { within: 5 * MINUTE } },
  enrollments: { created_at: 'moves', expires_at: 'moves', confirming_until: 'due' },
  recovery_code_sets: { created_at: 'tells', copy_expires_at: { within: 10 * MINUTE } },
  recovery_codes: { used_at: 'tells' },
  pending_sign_ins: { created_at: 'moves', expires_at: { within: 10 * MINUTE }, completed_at: 'tells' },
  sessions: {
    created_at: 'moves',
    expires_at: { within: DAY },
    last_seen_at: 'past',
    auth_time: 'past',
    second_factor_at: 'past',
    step_up_at: 'ended',
  },
  devices: { created_at: 'moves', expires_at: 'moves', last_used_at: 'tells' },
  // A date that is too late would also delay the alarm about a copied secret.
  trusted_devices: { created_at: 'tells', last_used_at: 'past', expires_at: { within: 30 * DAY } },
  attempts: { written_at: 'own', expires_at: 'own' },
  links: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  email_links: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  outside_invitations: { created_at: 'tells' },
  pasted_lists: { created_at: 'moves', expires_at: 'moves' },
  clock_offsets: { at: 'due' },
  outbox: {
    created_at: 'moves',
    expires_at: 'moves',
    next_try_at: 'due',
    sent_at: 'tells',
    dead_at: 'tells',
    held_since: 'due',
  },
  former_emails: { left_at: 'tells', reserved_until: { within: 30 * DAY } },
  // A reader of this count treats a window that expires too late as already over.
  refusal_counts: { since: 'tells', ends_at: { within: 10 * MINUTE } },
  shown_secrets: { expires_at: { within: 10 * MINUTE } },
  jobs: { lease_until: 'due', last_run_at: 'due', last_finished_at: 'tells' },
  reminders: { required_from: 'chosen', queued_at: 'tells' },
  // Sealed, so they cannot change. Retention uses the sealing times of later batches instead.
  audit_events: { at: 'tells' },
  audit_batches: { sealed_at: 'tells' },
  ring_keys: { first_used_at: 'tells', activated_at: 'tells', retired_at: 'tells' },
  instance_settings: { changed_at: 'tells' },
  servers: { started_at: 'tells', seen_at: 'due' },
  access_codes: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  reset_requests: { requested_at: 'due' },
  bulk_jobs: { created_at: 'tells', started_at: 'tells', finished_at: 'tells' },
  adoption_days: { day: 'tells' },
  partner_days: { day: 'tells' },
  event_days: { day: 'tells' },
  // The person who creates a key chooses its lifetime.
  api_keys: { created_at: 'tells', expires_at: 'chosen', revoked_at: 'tells', last_used_at: 'due' },
  idempotent_calls: { expires_at: 'outlives' },
  sites: { created_at: 'tells' },
  site_sessions: { created_at: 'tells' },
  site_tickets: { created_at: 'moves', expires_at: 'moves' },
  site_requests: { created_at: 'moves', expires_at: 'moves' },
  signing_keys: { created_at: 'tells', activated_at: 'due', retired_at: 'tells' },
  webhooks: { created_at: 'tells', disabled_at: 'tells', failing_since: 'due' },
  webhook_secrets: { created_at: 'tells', expires_at: { within: DAY } },
  webhook_deliveries: { created_at: 'past', next_try_at: 'due', delivered_at: 'tells', dead_at: 'tells' },
  oidc_requests: { created_at: 'moves', expires_at: 'moves' },
  oidc_grants: { auth_time: 'past', created_at: 'moves', expires_at: 'moves' },
  oidc_records: { created_at: 'moves', expires_at: 'moves', consumed_at: 'tells' },
  oidc_consents: { created_at: 'tells' },
  oidc_logouts: { next_try_at: 'due', first_try_at: 'due' },
  oidc_clients: { created_at: 'tells', disabled_at: 'tells', last_used_at: 'due' },
};

/** The newest instant in columns that every server writes often. Each needs an index or has only a few rows. */
export async function findNewestInstant(queries: Queries): Promise<number | undefined> {
  const { rows } = await sql<{ at: number | string | null }>`
    select max(at) as at from audit_events union all
    select max(last_run_at) from jobs union all select max(lease_until) from jobs union all
    select max(seen_at) from servers`.execute(queries);
  const known = rows.flatMap(({ at }) => (at === null ? [] : [Number(at)]));
  return known.length === 0 ? undefined : Math.max(...known);
}

/**
 * How many instants of the same columns are later than `latest`: events, which stay, and others, which are corrected.
 */
export async function countAhead(queries: Queries, latest: number): Promise<{ events: number; others: number }> {
  const { rows } = await sql<{ events: number | string; others: number | string }>`
    select (select count(*) from audit_events where at > ${latest}) as events,
      (select count(*) from jobs where last_run_at > ${latest} or lease_until > ${latest})
        + (select count(*) from servers where seen_at > ${latest}) as others`.execute(queries);
  const { events = 0, others = 0 } = rows[0] ?? {};
  return { events: Number(events), others: Number(others) };
}
