import type { Generated } from 'kysely';

/** The tables of OpenID Connect. Ids of what a client or a browser holds are hashed; `payload` is what the protocol library keeps. */
export type OidcTables = {
  oidc_clients: OidcClientTable;
  oidc_client_partners: OidcClientPartnerTable;
  oidc_requests: OidcRequestTable;
  oidc_grants: OidcGrantTable;
  oidc_records: OidcRecordTable;
  oidc_consents: OidcConsentTable;
  oidc_logouts: OidcLogoutTable;
  signing_keys: SigningKeyTable;
};

export type OidcClientTable = {
  id: string;
  name: string;
  type: 'web' | 'browser';
  /** A JSON array, as the URIs were typed: they are compared character by character. */
  redirect_uris: string;
  /** The same. */
  post_logout_redirect_uris: string;
  backchannel_logout_uri: string | null;
  /** 1 where back-channel logout may go to an address of the operator's own network. */
  backchannel_internal: number;
  /** 1 where people are asked for their consent. */
  third_party: number;
  /** Null for a browser client, and for one that proves itself by a key of `jwks`. */
  secret_hash: string | null;
  /** Its public keys, a JWK Set. */
  jwks: string | null;
  id_token_alg: 'ES256' | 'RS256';
  created_at: number;
  /** Who added it, as the audit log names them. */
  created_by: string;
  disabled_at: number | null;
  last_used_at: number | null;
};

/** A partner whose people a client is for; a client without any is for all. */
export type OidcClientPartnerTable = {
  /** `<client id>:<partner id>` */
  id: string;
  client_id: string;
  partner_id: string;
};

/** An authorization request that waits for a person: single use, and of one browser. */
export type OidcRequestTable = {
  id_hash: string;
  /** The hash of the form cookie of the browser that sent it. */
  browser: string;
  client_id: string;
  /** The validated parameters, as JSON. */
  params: string;
  /** 1 once the person has said that they go on as who is signed in. */
  chosen: Generated<number>;
  /** The scopes that the person has just allowed, and in which session: `<session id> <scope> …`. */
  consented: string | null;
  created_at: number;
  expires_at: number;
};

/** One authorization: what a client may do for a person, until the sign-in behind it ends. */
export type OidcGrantTable = {
  id: string;
  /** The `sid` of its tokens. */
  sid: string;
  /** Null once the session has ended by itself: a grant with `offline_access` lives on. */
  session_id: string | null;
  user_id: string;
  client_id: string;
  payload: string;
  /** What was proven, with spaces between, and when the newest of it was. */
  amr: string;
  auth_time: number;
  /** 1 with `offline_access`. */
  offline: number;
  created_at: number;
  expires_at: number;
};

/** A code, a token, a pushed request or a one-time value of a client. */
export type OidcRecordTable = {
  id_hash: string;
  kind: string;
  grant_id: string | null;
  payload: string;
  created_at: number;
  expires_at: number;
  consumed_at: number | null;
  /** Of a refresh token that was exchanged: the token that took its place. */
  successor: string | null;
};

export type OidcConsentTable = {
  id: string;
  user_id: string;
  client_id: string;
  scope: string;
  created_at: number;
};

/** A sign-out that a client has no notice of yet. */
export type OidcLogoutTable = {
  /** The id of the grant that ended. */
  id: string;
  client_id: string;
  user_id: string;
  sid: string;
  tries: Generated<number>;
  next_try_at: Generated<number>;
  first_try_at: number | null;
};

/** A key that tokens are signed with. It is published from `created_at` on and signs from `activated_at` on. */
export type SigningKeyTable = {
  /** The thumbprint of its public half (RFC 7638): the `kid` of what it signs. */
  id: string;
  alg: 'ES256' | 'RS256';
  /** The private key as JWK, sealed. */
  sealed_jwk: string;
  created_at: number;
  activated_at: number;
  /** From when on it is neither published nor used. */
  retired_at: number | null;
};
