import type { RefusalCode } from '#core/values/result.ts';

declare const checked: unique symbol;
/** What a member of staff typed as the reason of an act: made by `staffReason` alone. */
export type StaffReason = string & { readonly [checked]: 'staffReason' };
/** The keyed hash of an email that may be nobody's: people type passwords into that field. */
export type EmailHash = string & { readonly [checked]: 'emailHash' };

/** What one detail may be: a code, an id, a number, a flag; no free text but a {@link StaffReason}. */
export type DetailValue = string | number | boolean | readonly string[] | undefined;

/** Why a password was refused, for the log alone. */
export type PasswordRefusal =
  | 'unknown_email'
  | 'wrong_password'
  | 'no_password'
  | 'disabled'
  | 'too_many_attempts'
  | 'temporarily_unavailable';

/** Why a code was refused: how old it was, and by how much the clock of the phone differs, where that is known. */
export type RefusedCode = {
  reason: RefusalCode;
  ageSeconds?: number | undefined;
  clockOffsetSeconds?: number | undefined;
};

/** The session that a sign-in ended in, and how it was proven. */
export type SignedIn = {
  sessionId?: string | undefined;
  amr: readonly string[];
  deviceRemembered?: boolean | undefined;
};

/** Why and after which check MFA was reset, who had asked for it, and what that ended. */
export type ResetDetail = {
  reason: StaffReason;
  sessions?: number | undefined;
  checkedBy?: string | undefined;
  checkNote?: StaffReason | undefined;
  requestedBy?: string | undefined;
};

type Policy = 'off' | 'optional' | 'required';

/** A policy before and after, and what the change ended. */
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

/** What was exported of the log: the days, whose, where, and of which action. */
export type ExportScope = {
  format: 'jsonl' | 'csv';
  since?: number | undefined;
  until?: number | undefined;
  person?: string | undefined;
  partner?: string | undefined;
  about?: string | undefined;
};

/** How many more refusals of the same kind there were, and since when: they have no events of their own. */
export type Repeated = { repeated?: number | undefined; since?: number | undefined };

type Outcome = 'success' | 'refusal';

/** What one action of the log says: carried by its row of the table. */
export type Action<Detail> = {
  readonly outcome: Outcome;
  /** What the event says, for docs/audit.md. */
  readonly meaning: string;
  /** Carries the type alone; never there. */
  readonly detail?: Detail;
};

/** What a restore ended, in numbers. */
export type RestoreDetail = {
  readonly batch?: number | undefined;
  readonly sessions: number;
  readonly apiKeys: number;
  readonly clients: number;
  readonly shutOut: number;
  readonly recoveryCodeHolders: number;
  readonly codesVoided: boolean;
};

/** How something was proven. */
export type Method = 'totp' | 'recovery_code' | 'password';
/** Why a reset that waited ended by itself. */
export type Gone = { reason?: 'requester_gone' | undefined };
export type KeyEnd = { apiKeyId: string; reason?: 'maker_disabled' | 'maker_deleted' | 'maker_demoted' | undefined };
export type WebhookDetail = { webhookId: string; deliveryId?: string | undefined };
export type ClientDetail = { clientId: string };
export type GrantDetail = { grantId: string; clientId: string };
export type GrantCreated = GrantDetail & { scopes: readonly string[] };
export type ConsentGiven = { clientId: string; scopes: readonly string[] };

/** What a host behind forward-auth asks for, and for how many partners it is: 0 for everybody. */
export type SiteAdded = { host: string; acr?: 'mfa' | 'phr' | undefined; partners: number };
export type SiteRemoved = { host: string; sessions: number };
export type SiteEntered = { host: string; sessionId: string };
export type SiteRefused = { host: string; reason: 'partner' };

/** The authenticator that something was done to. */
export type AuthenticatorDetail = { authenticatorId?: string | undefined };
/** One session, and why it ended. */
export type SessionEnd = {
  sessionId?: string | undefined;
  reason?: 'sign_out' | 'by_user' | 'too_many' | undefined;
};
/** How many others ended with it, and why. */
export type OthersEnded = {
  sessions: number;
  devices?: number | undefined;
  reason?: WhyEnded | undefined;
};

/** Why no reset link was sent, and the keyed hash of an email that is nobody's. */
export type NoResetLink = {
  reason: 'unknown_email' | 'disabled' | 'too_many_attempts';
  emailHash?: EmailHash | undefined;
};
