import type { StepUpMethod } from '#core/authenticators/assurance.ts';

/** The interface of a token. A page's cookie does not work as a bearer token, and a bearer token not as a cookie. */
export type Channel = 'page' | 'api';

export type SessionTables = {
  sessions: SessionTable;
};

export type SessionTable = {
  id: string;
  token_hash: string;
  channel: Channel;
  user_id: string;
  created_at: number;
  last_seen_at: number;
  /** The absolute expiry. */
  expires_at: number;
  /** Methods of RFC 8176, separated by spaces. */
  amr: string;
  /** When the second factor of this sign-in was proven; null if there was none. */
  second_factor_at: number | null;
  auth_time: number;
  step_up_at: number | null;
  /** Null beside a `step_up_at`: a passkey, which the check of this column does not know (`stepUpColumn`). */
  step_up_method: Exclude<StepUpMethod, 'passkey'> | null;
  /** The path to return to after a step-up. */
  step_up_to: string | null;
  /** The path to continue to after the sign-in. */
  continue_to: string;
  /** One message for the next page, JSON. */
  notice: string | null;
  device_id: string | null;
  /** The trusted device that stood in for the second factor of this sign-in; null if there was none. */
  trusted_device_id: string | null;
  address: string | null;
  user_agent: string | null;
};
