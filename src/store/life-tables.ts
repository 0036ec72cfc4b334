import type { Generated } from 'kysely';

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
