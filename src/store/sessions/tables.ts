/** The interface that a token is for: a page's cookie is no bearer token, and the reverse. */
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
  /** The absolute end. */
  expires_at: number;
  /** Methods of RFC 8176, space-separated. */
  amr: string;
  /** When the second factor of this sign-in was proven; null when there was none. */
  second_factor_at: number | null;
  auth_time: number;
  step_up_at: number | null;
  step_up_method: 'totp' | 'recovery_code' | 'password' | null;
  /** Where the page that asked for a step-up waits. */
  step_up_to: string | null;
  /** Where the sign-in goes when it is finished. */
  continue_to: string;
  /** One thing to tell at the next page, JSON. */
  notice: string | null;
  device_id: string | null;
  address: string | null;
  user_agent: string | null;
};
