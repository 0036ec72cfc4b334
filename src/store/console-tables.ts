/** How many people of a partner may sign in, and how many of them have an authenticator. Kept by triggers. */
export type PartnerCountTable = {
  partner_id: string;
  people: number;
  enrolled: number;
};

/** The temporary access code that the next enrollment of a person asks for. */
export type AccessCodeTable = {
  user_id: string;
  /** `<key id>.<mac>` of the code. */
  mac: string;
  created_at: number;
  expires_at: number;
  tries: number;
  used_at: number | null;
  /** The pending sign-in or the session that it opened the enrollment to. */
  used_by: string | null;
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
