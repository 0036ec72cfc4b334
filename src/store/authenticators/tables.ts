import type { Generated } from 'kysely';

/** The tables of the second factors. */
export type AuthenticatorTables = {
  authenticators: AuthenticatorTable;
  passkeys: PasskeyTable;
  passkey_challenges: PasskeyChallengeTable;
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
  kind: Generated<'totp' | 'passkey'>;
  /** The person's own name for it. */
  name: string | null;
  /** 1 to the most of its kind: the unique index limits how many there are. */
  slot: Generated<number>;
  /** The owner of the attempt counters that all authenticators of a person share. Null means its own id. */
  budget_id: string | null;
  /** Null for a passkey. */
  sealed_secret: string | null;
  /** Null for a passkey. */
  last_used_step: number | null;
  /** The steps of the last accepted codes: `UsedSteps`. */
  used_steps: Generated<string>;
  created_at: number;
  last_used_at: number | null;
  /** The last refused code that matched a step: JSON `{step, offsetSteps, at}`. */
  last_refusal: string | null;
};

/** What only a passkey has. Its id is that of its row of `authenticators`. */
export type PasskeyTable = {
  id: string;
  user_id: string;
  /** Base64url. Unique over all people. */
  credential_id: string;
  /** The COSE public key (RFC 9052 §7), sealed, so that a key moved to another person's row does not open. */
  sealed_key: string;
  /** The signature counter of its last use (WebAuthn §6.1.1). */
  counter: number;
  /** The model of the authenticator, a UUID. All zeros: unknown. */
  aaguid: string;
  /** How a browser reaches it, for its next use: words separated by spaces. */
  transports: string;
  /** 1: the passkey can be copied to other devices of its owner (backup eligible). */
  synced: number;
  /** 1: it is copied now (backup state). */
  backed_up: number;
};

/** A random value to sign, valid once. */
export type PasskeyChallengeTable = {
  /** For an enrollment also the id of the passkey that it makes. */
  id: string;
  challenge_hash: string;
  purpose: 'sign_in' | 'second_factor' | 'step_up' | 'enrollment';
  /** The id of the pending sign-in or of the session that it belongs to; null for a sign-in with a passkey alone. */
  owner_id: string | null;
  user_id: string | null;
  /** The hash of the browser that asked for it; null for a program. */
  browser: string | null;
  /** The name that a new passkey gets. */
  name: string | null;
  created_at: number;
  expires_at: number;
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
