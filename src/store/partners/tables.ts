import type { Generated } from 'kysely';

/** The tables of partners, and of what is counted of them. */
export type PartnerTables = {
  partners: PartnerTable;
  partner_counts: PartnerCountTable;
  adoption_days: AdoptionDayTable;
  event_days: EventDayTable;
};

export type PartnerTable = {
  id: string;
  slug: string;
  name: string;
  mfa_policy: 'off' | 'optional' | 'required';
  mfa_required_from: number | null;
  created_at: number;
  /** Since when nobody of this partner can sign in. */
  archived_at: number | null;
  /** 1 where a reset brings no temporary access code. */
  resets_without_code: Generated<number>;
  /** Name and slug as `rowSearchKey` makes them: what lists are searched and sorted by. */
  search_key: Generated<string>;
};

/** How many people of a partner may sign in, and how many of them have an authenticator. Kept by triggers. */
export type PartnerCountTable = {
  partner_id: string;
  people: number;
  enrolled: number;
};

/** The people of all partners and those with an authenticator, as a day left them. */
export type AdoptionDayTable = {
  /** Its beginning, 00:00 UTC. */
  day: number;
  people: number;
  enrolled: number;
};

/** How often something happened on a day. */
export type EventDayTable = {
  /** Day, action and reason, so that one row is one of them. */
  id: string;
  day: number;
  action: string;
  /** A code, or for a sign-in how it was proven. */
  reason: string;
  count: number;
};
