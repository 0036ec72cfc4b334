import type { Generated, Kysely, Transaction } from 'kysely';
import type { AuditBatchTable, AuditEventTable } from './audit-tables.ts';
import type {
  AuthenticatorTable,
  EnrollmentTable,
  RecoveryCodeSetTable,
  RecoveryCodeTable,
} from './authenticator-tables.ts';
import type { ClockOffsetTable } from './clock-offsets.ts';
import type {
  AccessCodeTable,
  AdoptionDayTable,
  EventDayTable,
  PartnerCountTable,
  ResetRequestTable,
} from './console-tables.ts';
import type { ForwardAuthTables } from './forward-auth/tables.ts';
import type { JobTable } from './jobs.ts';
import type { EmailLinkTable, FormerEmailTable, LinkTable, OutsideInvitationTable } from './life-tables.ts';
import type { OutboxTable, ReminderTable } from './mail-tables.ts';
import type { ManagementTables } from './management-tables.ts';
import type { OidcClientTables } from './oidc/client-tables.ts';
import type { SigningKeyTable } from './oidc/signing-keys.ts';
import type { OidcTables } from './oidc/tables.ts';
import type { RefusalCountTable } from './refusal-counts.ts';
import type { RingKeyTable } from './ring-keys.ts';
import type { ServerTable } from './servers.ts';

/**
 * The tables, as both databases hold them: ids are UUIDv7 text, instants Unix seconds, flags 0 or 1,
 * JSON is text. `…_hash` columns hold SHA-256 of a random token; `sealed_…` columns hold `v1.<key id>.<nonce>.<ciphertext>`.
 */
export type Schema = {
  partners: PartnerTable;
  users: UserTable;
  authenticators: AuthenticatorTable;
  enrollments: EnrollmentTable;
  recovery_code_sets: RecoveryCodeSetTable;
  recovery_codes: RecoveryCodeTable;
  pending_sign_ins: PendingSignInTable;
  sessions: SessionTable;
  devices: DeviceTable;
  attempts: AttemptTable;
  refusal_counts: RefusalCountTable;
  links: LinkTable;
  clock_offsets: ClockOffsetTable;
  outbox: OutboxTable;
  jobs: JobTable;
  reminders: ReminderTable;
  audit_events: AuditEventTable;
  audit_batches: AuditBatchTable;
  ring_keys: RingKeyTable;
  servers: ServerTable;
  partner_counts: PartnerCountTable;
  access_codes: AccessCodeTable;
  reset_requests: ResetRequestTable;
  email_links: EmailLinkTable;
  former_emails: FormerEmailTable;
  outside_invitations: OutsideInvitationTable;
  adoption_days: AdoptionDayTable;
  event_days: EventDayTable;
  signing_keys: SigningKeyTable;
} & ManagementTables &
  OidcClientTables &
  OidcTables &
  ForwardAuthTables;

/** Which door of the service a token is for: a page's cookie is no bearer token, and the reverse. */
export type Mouth = 'page' | 'api';

export type PartnerTable = {
  id: string;
  slug: string;
  name: string;
  mfa_policy: 'off' | 'optional' | 'required';
  mfa_required_from: number | null;
  created_at: number;
  /** Since when nobody of this partner can sign in. */
  archived_at: number | null;
  /** 1 where a reset brings no temporary access code. */
  resets_without_code: Generated<number>;
  /** Name and slug as `rowSearchKey` makes them: what lists are searched and sorted by. */
  search_key: Generated<string>;
};

export type UserTable = {
  id: string;
  partner_id: string | null;
  /** Canonical: what `canonicalEmail` answers. */
  email: string;
  name: string;
  role: 'member' | 'manager' | 'csm' | 'admin';
  /** The PHC string, sealed; null until an invitation is accepted. */
  sealed_password: string | null;
  locale: string | null;
  created_at: number;
  disabled_at: number | null;
  mfa_skipped_at: number | null;
  /** Until when this person is not asked to enroll, and why. */
  exempt_until: number | null;
  exempt_reason: string | null;
  last_sign_in_at: number | null;
  /** When the password was last set by a link. */
  password_reset_at: number | null;
  /** When somebody of the team last reminded them of MFA. */
  reminded_at: number | null;
  /** Name and email as `rowSearchKey` makes them; empty where a node of an older version added the person. */
  search_key: Generated<string>;
  /** The person who made this account, or whose key did; null where nobody knows. */
  created_by: string | null;
  /** 1 once the person has proven the email by a link that went there. */
  email_proven: Generated<number>;
};

export type PendingSignInTable = {
  id: string;
  token_hash: string;
  mouth: Mouth;
  user_id: string;
  created_at: number;
  expires_at: number;
  tries: number;
  /** 1 while the enrollment could be skipped when the password was accepted. */
  skippable: number;
  device_id: string | null;
  browser: string | null;
  return_to: string | null;
  /** The session of the same person in this browser: the finished sign-in takes its place. */
  replaced_session_id: string | null;
  completed_at: number | null;
  /** Where the finished sign-in went: a second submit is sent there too. */
  completed_to: string | null;
};

export type SessionTable = {
  id: string;
  token_hash: string;
  mouth: Mouth;
  user_id: string;
  created_at: number;
  last_seen_at: number;
  /** The absolute end. */
  expires_at: number;
  /** Methods of RFC 8176, space-separated. */
  amr: string;
  /** When the second factor of this sign-in was proven; null when there was none. */
  second_factor_at: number | null;
  auth_time: number;
  step_up_at: number | null;
  step_up_method: 'totp' | 'recovery_code' | 'password' | null;
  /** Where the page that asked for a step-up waits. */
  step_up_to: string | null;
  /** Where the sign-in goes when it is finished. */
  continue_to: string;
  /** One thing to tell at the next page, JSON. */
  notice: string | null;
  device_id: string | null;
  address: string | null;
  user_agent: string | null;
};

export type DeviceTable = {
  id: string;
  user_id: string;
  token_hash: string;
  created_at: number;
  expires_at: number;
};

export type AttemptTable = {
  key: string;
  /** JSON of `core/throttle.ts` `Attempts`. */
  state: string;
  version: number;
  expires_at: number;
  /** When a try was last counted, by the clock of then. */
  written_at: Generated<number>;
  /** By how much that clock was found to be ahead; 0 for one that was right. */
  ahead_seconds: Generated<number>;
};

/** A statement runs on either: the database itself or a transaction of it. */
export type Queries = Kysely<Schema>;

/**
 * The database cannot be written or read now: locked by another process, full, broken or closed.
 *
 * Whether a write that ends so is kept is unknown. HTTP answers 503; the text names no path, value or SQL.
 */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

/** What an acknowledged change survives: nothing but a crash of this service, the loss of power, a failover. */
export type Durability = {
  readonly level: 'none' | 'server' | 'failover';
  /** For the operator: why. */
  readonly text: string;
};

export type Database = {
  readonly kind: 'sqlite' | 'postgres';
  /** Reads outside a transaction. */
  readonly read: Queries;
  /**
   * Runs `work` in one write transaction and answers after its COMMIT.
   *
   * Nothing but database work may be awaited inside. A thrown error rolls back. PostgreSQL runs `work` again where
   * another transaction or a broken connection undid it: it must leave no trace but in the database.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Why it cannot serve, or undefined. */
  problem(): Promise<string | undefined>;
  /** Empties the write-ahead log: what was erased in the database is then nowhere. */
  truncateLog(): void;
  /** The database's own clock in Unix seconds, with fractions; absent where it is this machine's. */
  clockSeconds?(): Promise<number>;
  durability(): Promise<Durability>;
  /** The connections of this process; absent where there is no pool. */
  pool?(): { total: number; idle: number; waiting: number; most: number };
  close(): Promise<void>;
};
