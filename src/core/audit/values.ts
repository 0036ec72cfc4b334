import type { RefusalCode } from '#core/values/result.ts';

declare const checked: unique symbol;
/** The reason for an act that a member of staff typed; only `staffReason` makes one. */
export type StaffReason = string & { readonly [checked]: 'staffReason' };
/** The value of a setting that an administrator typed; only `settingText` makes one. */
export type SettingText = string & { readonly [checked]: 'settingText' };
/** The keyed hash of a typed email without an account; hashed, because people also type passwords there. */
export type EmailHash = string & { readonly [checked]: 'emailHash' };

/** A detail may be a code, an id, a number or a flag; the only free texts are {@link StaffReason} and {@link SettingText}. */
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
} & OfBulk;

/** The bulk job that an event is part of, and the reason given for the whole job. */
export type OfBulk = { bulkId?: string | undefined; reason?: StaffReason | undefined };

/** How many days before the date people of a partner are reminded, and the bulk job that changed it. */
export type RemindersDetail = { days: readonly number[] } & OfBulk;

/** A bulk job: what it does, to how many, why, and the job that it puts back. */
export type BulkDetail = {
  bulkId: string;
  kind: string;
  items: number;
  reason: StaffReason;
  undoes?: string | undefined;
};
/** What became of the items of a bulk job. */
export type BulkEnd = { bulkId: string; done: number; unchanged: number; failed: number };
/** Why a bulk job was stopped, and how many items it had done by then. */
export type BulkStop = { bulkId: string; because: 'by_staff' | 'maker_lost'; done: number };

/** A setting of the service before and after; absent: the default. */
export type SettingDetail = {
  setting: string;
  from?: SettingText | undefined;
  to?: SettingText | undefined;
  reason?: StaffReason | undefined;
};

type PasskeyPolicy = 'off' | 'allowed' | 'required';

/** The same for passkeys. */
export type PasskeyPolicyDetail = {
  from: PasskeyPolicy;
  to: PasskeyPolicy;
  requiredFrom?: number | undefined;
  sessions: number;
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

/** Why trusted devices were ended: by the person, by a rule about one device, or by a change that ends all of them. */
export type WhyTrustEnded =
  | WhyEnded
  | ('deleted' | 'access_code_renewed' | 'email_reverted' | 'role_changed' | 'archived')
  | ('ended_one' | 'ended_all' | 'replaced' | 'too_many' | 'reused');

/** One trusted device. */
export type TrustedDeviceDetail = { deviceId: string };
/** How many trusted devices ended, and how many sessions that they had opened without a second factor. */
export type TrustEnded = {
  reason: WhyTrustEnded;
  devices: number;
  sessions: number;
  deviceId?: string | undefined;
};

/** One device that staff ended, and how many sessions ended with a known one. */
export type DeviceEnded = {
  reason: StaffReason;
  deviceId: string;
  trusted: boolean;
  sessions?: number | undefined;
};

/** The part of the log that was exported: the days, the person, the partner and the action. */
export type ExportScope = {
  format: 'jsonl' | 'csv';
  since?: number | undefined;
  until?: number | undefined;
  person?: string | undefined;
  partner?: string | undefined;
  about?: string | undefined;
};

/** What was verified, up to which event, and how long it took; with `fromBatch` only from that batch on. */
export type Verified = {
  batches: number;
  events: number;
  fromBatch?: number | undefined;
  untilEvent?: string | undefined;
  milliseconds: number;
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
export type Method = 'totp' | 'recovery_code' | 'passkey' | 'password';

/** Why an answer of an authenticator was not accepted. */
export type RefusedPasskey = { reason: RefusalCode; fault?: string | undefined };

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

export function success<Detail extends Record<string, DetailValue>>(meaning: string): Action<Detail> {
  return { outcome: 'success', meaning };
}

/** Of equal refusals within some minutes the first is an event; a second event gives the number of the others. */
export function refusal<Detail extends Record<string, DetailValue>>(meaning: string): Action<Detail & Repeated> {
  return { outcome: 'refusal', meaning };
}
