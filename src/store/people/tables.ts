import type { Generated } from 'kysely';

/** The tables of people, their links and the requests about them. */
export type PeopleTables = {
  users: UserTable;
  links: LinkTable;
  email_links: EmailLinkTable;
  former_emails: FormerEmailTable;
  outside_invitations: OutsideInvitationTable;
  pasted_lists: PastedListTable;
  reset_requests: ResetRequestTable;
};

export type UserTable = {
  id: string;
  partner_id: string | null;
  /** In the form that `canonicalEmail` returns. */
  email: string;
  name: string;
  role: 'member' | 'manager' | 'csm' | 'admin';
  /** The PHC string, sealed; null until the person accepts the invitation. */
  sealed_password: string | null;
  locale: string | null;
  created_at: number;
  disabled_at: number | null;
  mfa_skipped_at: number | null;
  /** The end of the exemption from enrollment, and its reason. */
  exempt_until: number | null;
  exempt_reason: string | null;
  last_sign_in_at: number | null;
  /** When a link was last used to set the password. */
  password_reset_at: number | null;
  /** When the person last chose the password; null if that was before the column was there. */
  password_set_at: number | null;
  /** When a team member last reminded this person of MFA. */
  reminded_at: number | null;
  /** The output of `rowSearchKey` for name and email; empty if a node of an older version added the person. */
  search_key: Generated<string>;
  /** The person who made this account, directly or through an API key; null if unknown. */
  created_by: string | null;
  /** 1 after the person proved the email by opening a link sent to it. */
  email_proven: Generated<number>;
  /** When a sign-in last offered to add a passkey. */
  passkey_offered_at: number | null;
};

export type LinkTable = {
  id: string;
  token_hash: string;
  purpose: 'reset' | 'invitation' | 'first_administrator';
  user_id: string | null;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  /** Who made it, in the form of the audit log; null if nobody did, or for links older than this column. */
  made_by: string | null;
};

/** A single-use link about a person's email: to confirm a new one, or to revert to the previous one. */
export type EmailLinkTable = {
  id: string;
  token_hash: string;
  user_id: string;
  purpose: 'confirm' | 'revert';
  /** Canonical: the email that the person will have. */
  email: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  /** The member of staff who asked for the change, in the form of the audit log; null if the person did. */
  asked_by: string | null;
};

/** The former email of a person who was deleted or changed it. The row has no reference to the person. */
export type FormerEmailTable = {
  id: string;
  /** `<key id>.<mac>` of the email. */
  email_tag: string;
  left_at: number;
  /** Until then nobody else can get it. Null if only the rule applies that its links are sent by mail alone. */
  reserved_until: number | null;
};

/** An invitation to a person with an account elsewhere. That account does not change, and the manager cannot see it. */
export type OutsideInvitationTable = {
  id: string;
  partner_id: string;
  email: string;
  name: string;
  role: 'member' | 'manager';
  created_at: number;
  /** The output of `rowSearchKey` for name and email. */
  search_key: Generated<string>;
};

/** Addresses that a manager pasted to invite, kept for a day. */
export type PastedListTable = {
  id: string;
  partner_id: string;
  made_by: string;
  /** For everyone on it. */
  role: 'member' | 'manager';
  /** As it was pasted. */
  pasted: string;
  created_at: number;
  expires_at: number;
};

/** A reset of a person's MFA that waits for a second staff member. */
export type ResetRequestTable = {
  id: string;
  user_id: string;
  requested_by: string;
  requested_at: number;
  reason: string;
  checked_by: string;
  check_note: string;
  code_minutes: number;
};
