import type { Generated } from 'kysely';

/** The tables of what proves a person beside the password. */
export type AuthenticatorTables = {
  authenticators: AuthenticatorTable;
  enrollments: EnrollmentTable;
  recovery_code_sets: RecoveryCodeSetTable;
  recovery_codes: RecoveryCodeTable;
  access_codes: AccessCodeTable;
  clock_offsets: ClockOffsetTable;
};

/** One TOTP authenticator per user (unique on `user_id`). */
export type AuthenticatorTable = {
  id: string;
  user_id: string;
  sealed_secret: string;
  last_used_step: number;
  /** The steps whose codes were accepted last: `UsedSteps`. */
  used_steps: Generated<string>;
  created_at: number;
  last_used_at: number | null;
  /** The last refused code that fitted a step: JSON `{step, offsetSteps, at}`. */
  last_refusal: string | null;
};

/** A secret shown and not yet confirmed: at most one per pending sign-in and one per session. */
export type EnrollmentTable = {
  id: string;
  user_id: string;
  /** The id of the pending sign-in or of the session that it belongs to. Unique. */
  owner_id: string;
  sealed_secret: string;
  created_at: number;
  expires_at: number;
  tries: number;
  /** Until when a confirmation in progress holds the one hash job. */
  confirming_until: number | null;
  last_refusal: string | null;
};

/** At most one set per user (unique on `user_id`). */
export type RecoveryCodeSetTable = {
  id: string;
  user_id: string;
  created_at: number;
  /** The codes as JSON, sealed, until Done or `copy_expires_at`. */
  sealed_copy: string | null;
  copy_expires_at: number | null;
};

export type RecoveryCodeTable = {
  id: string;
  set_id: string;
  user_id: string;
  /** `<key id>.<keyed look-up tag>` */
  tag: string;
  /** PHC string of the code. */
  hash: string;
  used_at: number | null;
};

/** The temporary access code that the next enrollment of a person asks for. */
export type AccessCodeTable = {
  user_id: string;
  /** `<key id>.<mac>` of the code. */
  mac: string;
  created_at: number;
  expires_at: number;
  tries: number;
  used_at: number | null;
  /** The pending sign-in or the session that it opened the enrollment to. */
  used_by: string | null;
};

export type ClockOffsetTable = {
  user_id: string;
  offset_seconds: number;
  at: number;
};
