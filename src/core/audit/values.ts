import type { RefusalCode } from '#core/values/result.ts';

declare const checked: unique symbol;
/** The reason for an act that a member of staff typed; only `staffReason` makes one. */
export type StaffReason = string & { readonly [checked]: 'staffReason' };
/** The keyed hash of a typed email without an account; hashed, because people also type passwords there. */
export type EmailHash = string & { readonly [checked]: 'emailHash' };

/** A detail may be a code, an id, a number or a flag; the only free text is a {@link StaffReason}. */
export type DetailValue = string | number | boolean | readonly string[] | readonly number[] | undefined;

/** Why a password was refused; only for the log. */
export type PasswordRefusal =
  | 'unknown_email'
  | 'wrong_password'
  | 'no_password'
  | 'disabled'
  | 'too_many_attempts'
  | 'temporarily_unavailable';

/** Why a code was refused and, if known, its age and the clock error of the phone. */
export type RefusedCode = {
  reason: RefusalCode;
  ageSeconds?: number | undefined;
  clockOffsetSeconds?: number | undefined;
};

/** The session that a sign-in created, and how the person proved who they are. */
export type SignedIn = {
  sessionId?: string | undefined;
  amr: readonly string[];
  deviceRemembered?: boolean | undefined;
};

/** Why MFA was reset, how identity was checked, who requested it, and how many sessions ended. */
export type ResetDetail = {
  reason: StaffReason;
  sessions?: number | undefined;
  checkedBy?: string | undefined;
  checkNote?: StaffReason | undefined;
  requestedBy?: string | undefined;
};

type Policy = 'off' | 'optional' | 'required';

/** A policy before and after, and how many sessions and sign-ins the change ended. */
export type PolicyDetail = {
  from?: Policy | undefined;
  to: Policy;
  requiredFrom?: number | undefined;
  sessions?: number | undefined;
  signIns?: number | undefined;
};

/** Why all other sessions of a person were ended. */
export type WhyEnded =
  | 'by_user'
  | 'password_changed'
  | 'email_changed'
  | 'authenticator_changed'
  | 'recovery_codes_changed'
  | 'disabled'
  | 'mfa_reset'
  | 'policy';

/** The part of the log that was exported: the days, the person, the partner and the action. */
export type ExportScope = {
  format: 'jsonl' | 'csv';
  since?: number | undefined;
  until?: number | undefined;
  person?: string | undefined;
  partner?: string | undefined;
  about?: string | undefined;
};

/** How many more refusals of the same kind followed without their own events, and since when. */
export type Repeated = { repeated?: number | undefined; since?: number | undefined };

type Outcome = 'success' | 'refusal';

/** One action of the log; each row of the table has this type. */
export type Action<Detail> = {
  readonly outcome: Outcome;
  /** The meaning of the event, for docs/audit.md. */
  readonly meaning: string;
  /** Carries only the type; never set. */
  readonly detail?: Detail;
};

/** What a restore ended, as numbers. */
export type RestoreDetail = {
  readonly batch?: number | undefined;
  readonly sessions: number;
  readonly apiKeys: number;
  readonly clients: number;
  readonly shutOut: number;
  readonly recoveryCodeHolders: number;
  readonly codesVoided: boolean;
};

/** How a person proved who they are. */
export type Method = 'totp' | 'recovery_code' | 'password';
/** Why a waiting reset was removed without a decision. */
export type Gone = { reason?: 'requester_gone' | undefined };
export type KeyEnd = { apiKeyId: string; reason?: 'maker_disabled' | 'maker_deleted' | 'maker_demoted' | undefined };
export type WebhookDetail = { webhookId: string; deliveryId?: string | undefined };
export type ClientDetail = { clientId: string };
export type GrantDetail = { grantId: string; clientId: string };
export type GrantCreated = GrantDetail & { scopes: readonly string[] };
export type ConsentGiven = { clientId: string; scopes: readonly string[] };

/** What a host behind forward-auth requires, and the number of its partners: 0 for everybody. */
export type SiteAdded = { host: string; acr?: 'mfa' | 'phr' | undefined; partners: number };
export type SiteRemoved = { host: string; sessions: number };
export type SiteEntered = { host: string; sessionId: string };
export type SiteRefused = { host: string; reason: 'partner' };

/** The authenticator that the event concerns. */
export type AuthenticatorDetail = { authenticatorId?: string | undefined };
/** One session, and why it ended. */
export type SessionEnd = {
  sessionId?: string | undefined;
  reason?: 'sign_out' | 'by_user' | 'too_many' | undefined;
};
/** How many other sessions and devices ended with it, and why. */
export type OthersEnded = {
  sessions: number;
  devices?: number | undefined;
  reason?: WhyEnded | undefined;
};

/** Why no reset link was sent, and the keyed hash of an email without an account. */
export type NoResetLink = {
  reason: 'unknown_email' | 'disabled' | 'too_many_attempts';
  emailHash?: EmailHash | undefined;
};
