import type { Generated } from 'kysely';

/** The tables of people, of the links that they are sent, and of what is asked for them. */
export type PeopleTables = {
  users: UserTable;
  links: LinkTable;
  email_links: EmailLinkTable;
  former_emails: FormerEmailTable;
  outside_invitations: OutsideInvitationTable;
  reset_requests: ResetRequestTable;
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

export type LinkTable = {
  id: string;
  token_hash: string;
  purpose: 'reset' | 'invitation' | 'first_administrator';
  user_id: string | null;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  /** Who made it, as the audit log names them; null where nobody did, and before this was kept. */
  made_by: string | null;
};

/** A single-use link about a person's email: to confirm a new one, or to go back to the one before. */
export type EmailLinkTable = {
  id: string;
  token_hash: string;
  user_id: string;
  purpose: 'confirm' | 'revert';
  /** Canonical: what the email will be. */
  email: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
};

/** An email that a person had: deleted, or gone to another email. No reference leads to the person. */
export type FormerEmailTable = {
  id: string;
  /** `<key id>.<mac>` of the email. */
  email_tag: string;
  left_at: number;
  /** Until when nobody gets it; null where its links go by mail alone and nothing more. */
  reserved_until: number | null;
};

/** Somebody whom a manager invited and who belongs elsewhere: their own row is untouched, and the manager does not see that. */
export type OutsideInvitationTable = {
  id: string;
  partner_id: string;
  email: string;
  name: string;
  role: 'member' | 'manager';
  created_at: number;
  /** Name and email as `rowSearchKey` makes them. */
  search_key: Generated<string>;
};

/** A reset of somebody's MFA that waits for a second member of staff. */
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
