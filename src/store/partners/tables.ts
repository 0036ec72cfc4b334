import type { Generated } from 'kysely';
import type { PasskeyPolicy } from '#core/people/policy.ts';

/** The tables of partners and their counts. */
export type PartnerTables = {
  partners: PartnerTable;
  partner_counts: PartnerCountTable;
  adoption_days: AdoptionDayTable;
  event_days: EventDayTable;
  partner_days: PartnerDayTable;
  logos: LogoTable;
};

export type PartnerTable = {
  id: string;
  slug: string;
  name: string;
  mfa_policy: 'off' | 'optional' | 'required';
  mfa_required_from: number | null;
  created_at: number;
  /** The time since which nobody of this partner can sign in. */
  archived_at: number | null;
  /** 1 if a reset makes no temporary access code. */
  resets_without_code: Generated<number>;
  /** Which second factors count: passkeys never, too, or alone from a date on. */
  passkey_policy: Generated<PasskeyPolicy>;
  passkey_required_from: number | null;
  /** 1 if its people may trust a device: no second factor there for 30 days. */
  trusted_devices: Generated<number>;
  /** The output of `rowSearchKey` for name and slug. Lists search and sort by it. */
  search_key: Generated<string>;
  /** Since when MFA is required without a date; null if a date or the creation says it. */
  required_since: number | null;
  /** The days before the date on which people are reminded, as `14 7 1`; null: the default; empty: none. */
  reminder_days: string | null;
  /** When people of this partner were last reminded by mail, by the schedule or by staff. */
  reminded_at: number | null;
  /** Set while a reminder that staff asked for has not reached everybody. */
  remind_asked_at: number | null;
  remind_asked_by: string | null;
  /** The member of staff who looks after this partner. */
  owner_id: string | null;
  notes: Generated<string>;
  /** The `PartnerLook` for its people as JSON; null if they see the service. */
  look: string | null;
};

/** A logo as it is served. */
export type LogoTable = {
  /** A hash of owner and content, which its address contains. */
  id: string;
  /** Null: of the service. */
  partner_id: string | null;
  type: 'image/png' | 'image/jpeg' | 'image/webp';
  width: number;
  height: number;
  /** The file as base64. */
  content: string;
  created_at: number;
};

/** How many people of a partner can sign in, and how many of them have an authenticator. Triggers maintain it. */
export type PartnerCountTable = {
  partner_id: string;
  people: number;
  enrolled: number;
};

/** The people of one partner, and those with an authenticator, at the end of a day on which they changed. */
export type PartnerDayTable = {
  /** `<partner id> <day>` */
  id: string;
  partner_id: string;
  /** The start of the day, 00:00 UTC. */
  day: number;
  people: number;
  enrolled: number;
};

/** The people of all partners, and those with an authenticator, at the end of a day. */
export type AdoptionDayTable = {
  /** The start of the day, 00:00 UTC. */
  day: number;
  people: number;
  enrolled: number;
};

/** How often an event happened on a day. */
export type EventDayTable = {
  /** Day, action and reason, so that each combination has one row. */
  id: string;
  day: number;
  action: string;
  /** A code; for a sign-in, the method of proof. */
  reason: string;
  count: number;
};
