import type { Channel } from '#store/sessions/tables.ts';

/** The tables of pending sign-ins, and of browsers that a person has signed in with or trusts. */
export type SignInTables = {
  pending_sign_ins: PendingSignInTable;
  devices: DeviceTable;
  trusted_devices: TrustedDeviceTable;
};

export type PendingSignInTable = {
  id: string;
  token_hash: string;
  channel: Channel;
  user_id: string;
  created_at: number;
  expires_at: number;
  tries: number;
  /** 1 if the enrollment could be skipped when the password was accepted. */
  skippable: number;
  /** The factor that was proven, if the policy still wants a passkey to be set up. */
  proven: 'totp' | 'recovery_code' | null;
  device_id: string | null;
  browser: string | null;
  return_to: string | null;
  /** The person's older session in this browser. The finished sign-in replaces it. */
  replaced_session_id: string | null;
  completed_at: number | null;
  /** Where the finished sign-in led. A second submit is redirected there too. */
  completed_to: string | null;
};

export type DeviceTable = {
  id: string;
  user_id: string;
  token_hash: string;
  created_at: number;
  expires_at: number;
  /** Null for devices from before these two columns. */
  user_agent: string | null;
  last_used_at: number | null;
};

/** A browser on which a person needs no second factor. Not a known device, which only chooses attempt counters. */
export type TrustedDeviceTable = {
  id: string;
  user_id: string;
  /** Each use replaces it. */
  secret_hash: string;
  previous_secret_hash: string | null;
  /** A digest of the authenticators that the person had: with any other set, the device opens nothing. */
  authenticators: string;
  /** Where it was used last, or created. */
  address: string | null;
  user_agent: string | null;
  created_at: number;
  last_used_at: number;
  /** The absolute end. Use never prolongs it. */
  expires_at: number;
};
