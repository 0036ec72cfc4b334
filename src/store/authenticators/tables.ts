import type { Generated } from 'kysely';

/** The tables of the second factors. */
export type AuthenticatorTables = {
  authenticators: AuthenticatorTable;
  enrollments: EnrollmentTable;
  recovery_code_sets: RecoveryCodeSetTable;
  recovery_codes: RecoveryCodeTable;
  access_codes: AccessCodeTable;
  clock_offsets: ClockOffsetTable;
};

/** Authenticators of a person; unique on `user_id`, `kind` and `slot` (decision 44). */
export type AuthenticatorTable = {
  id: string;
  user_id: string;
  kind: Generated<'totp'>;
  /** The person's own name for it. */
  name: string | null;
  /** 1 to `MAX_APPS`: the unique index limits how many there are. */
  slot: Generated<number>;
  /** The owner of the attempt counters that all apps of a person share. Null means its own id. */
  budget_id: string | null;
  sealed_secret: string;
  last_used_step: number;
  /** The steps of the last accepted codes: `UsedSteps`. */
  used_steps: Generated<string>;
  created_at: number;
  last_used_at: number | null;
  /** The last refused code that matched a step: JSON `{step, offsetSteps, at}`. */
  last_refusal: string | null;
};

/** A secret that was shown but not yet confirmed: at most one per pending sign-in and one per session. */
export type EnrollmentTable = {
  id: string;
  user_id: string;
  /** The id of the pending sign-in or of the session that owns it. Unique. */
  owner_id: string;
  sealed_secret: string;
  created_at: number;
  expires_at: number;
  tries: number;
  /** A confirmation in progress reserves the hashing of recovery codes until this time. */
  confirming_until: number | null;
  last_refusal: string | null;
  /** The name that the app gets when it is confirmed. */
  name: string | null;
};

/** At most one set per user (unique on `user_id`). */
export type RecoveryCodeSetTable = {
  id: string;
  user_id: string;
  created_at: number;
  /** The codes as JSON, sealed. Erased after Done or at `copy_expires_at`. */
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

/** The temporary access code that a person needs for their next enrollment. */
export type AccessCodeTable = {
  user_id: string;
  /** `<key id>.<mac>` of the code. */
  mac: string;
  created_at: number;
  expires_at: number;
  tries: number;
  used_at: number | null;
  /** The pending sign-in or the session that used the code to start the enrollment. */
  used_by: string | null;
};

export type ClockOffsetTable = {
  user_id: string;
  offset_seconds: number;
  at: number;
};
