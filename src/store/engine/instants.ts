import { sql } from 'kysely';
import type { Queries, Schema } from './database.ts';

/**
 * What an instant that is stored decides, and so what becomes of one that no right clock can have stored:
 *
 * - `tells`: nothing is decided by it, or only whether it is there at all. It stays.
 * - `chosen`: a date that a person has set, as far ahead as they like. It stays.
 * - `outlives`: it holds longer by as much as the clock was ahead, which opens nothing to anybody. It stays.
 * - `due`: something waits for it. It is now, as soon as the clock is right: to try once too early does no harm.
 * - `past`: it is now, once the clock has stood for five minutes. What rests on it begins then.
 * - `ended`: a proof of that moment. It is taken back then.
 * - `moves`: a row that was made then and ends some time later moves to now as a whole.
 * - `within`: it is at most so many seconds ahead of now then.
 * - `own`: another statement looks after it.
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

/** Every column that holds an instant, or a count of seconds that began in 1970. A new one has to be decided on here. */
export const INSTANTS: { readonly [Table in keyof Schema]?: { readonly [Column in keyof Schema[Table]]?: Instant } } = {
  partners: { mfa_required_from: 'chosen', created_at: 'tells', archived_at: 'tells' },
  users: {
    ...{ created_at: 'tells', disabled_at: 'tells', last_sign_in_at: 'tells', exempt_until: 'chosen' },
    ...{ mfa_skipped_at: 'due', reminded_at: 'due', password_reset_at: 'past' },
  },
  authenticators: { last_used_step: 'own', created_at: 'tells', last_used_at: 'tells' },
  enrollments: { created_at: 'moves', expires_at: 'moves', confirming_until: 'due' },
  recovery_code_sets: { created_at: 'tells', copy_expires_at: { within: 10 * MINUTE } },
  recovery_codes: { used_at: 'tells' },
  pending_sign_ins: { created_at: 'moves', expires_at: { within: 10 * MINUTE }, completed_at: 'tells' },
  sessions: {
    ...{ created_at: 'moves', expires_at: { within: DAY }, last_seen_at: 'past', auth_time: 'past' },
    ...{ second_factor_at: 'past', step_up_at: 'ended' },
  },
  devices: { created_at: 'moves', expires_at: 'moves' },
  attempts: { written_at: 'own', expires_at: 'own' },
  links: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  email_links: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  outside_invitations: { created_at: 'tells' },
  clock_offsets: { at: 'due' },
  outbox: {
    ...{ created_at: 'moves', expires_at: 'moves', next_try_at: 'due' },
    ...{ sent_at: 'tells', dead_at: 'tells', held_since: 'due' },
  },
  former_emails: { left_at: 'tells', reserved_until: { within: 30 * DAY } },
  // Where one is counted, a window that ends too late is over already.
  refusal_counts: { since: 'tells', ends_at: { within: 10 * MINUTE } },
  shown_secrets: { expires_at: { within: 10 * MINUTE } },
  jobs: { lease_until: 'due', last_run_at: 'due', last_finished_at: 'tells' },
  reminders: { required_from: 'chosen', queued_at: 'tells' },
  // Sealed as they are. What is kept by age goes by the batches that were sealed afterwards.
  audit_events: { at: 'tells' },
  audit_batches: { sealed_at: 'tells' },
  ring_keys: { first_used_at: 'tells', activated_at: 'tells', retired_at: 'tells' },
  servers: { started_at: 'tells', seen_at: 'due' },
  access_codes: { created_at: 'moves', expires_at: 'moves', used_at: 'tells' },
  reset_requests: { requested_at: 'due' },
  adoption_days: { day: 'tells' },
  event_days: { day: 'tells' },
  // How long a key lives is chosen by the person who makes it.
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

/** The newest instant of those that are written wherever anything happens; each is found by an index or in a few rows. */
export async function findNewestInstant(queries: Queries): Promise<number | undefined> {
  const { rows } = await sql<{ at: number | string | null }>`
    select max(at) as at from audit_events union all
    select max(last_run_at) from jobs union all select max(lease_until) from jobs union all
    select max(seen_at) from servers`.execute(queries);
  const known = rows.flatMap(({ at }) => (at === null ? [] : [Number(at)]));
  return known.length === 0 ? undefined : Math.max(...known);
}
