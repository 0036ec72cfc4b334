import type { Generated } from 'kysely';

/** The tables of OpenID Connect. Ids of clients' and browsers' tokens are hashed. The library writes `payload`. */
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
  /** A JSON array of the URIs exactly as typed, because they are compared character by character. */
  redirect_uris: string;
  /** The same format. */
  post_logout_redirect_uris: string;
  backchannel_logout_uri: string | null;
  /** 1 if back-channel logout may call an address in the operator's own network. */
  backchannel_internal: number;
  /** 1 if people must give consent. */
  third_party: number;
  /** Null for a browser client, and for a client that authenticates with a key of `jwks`. */
  secret_hash: string | null;
  /** The client's public keys, a JWK Set. */
  jwks: string | null;
  id_token_alg: 'ES256' | 'RS256';
  created_at: number;
  /** Who added it, in the form of the audit log. */
  created_by: string;
  disabled_at: number | null;
  last_used_at: number | null;
};

/** A partner whose people may use a client. A client without partners serves everybody. */
export type OidcClientPartnerTable = {
  /** `<client id>:<partner id>` */
  id: string;
  client_id: string;
  partner_id: string;
};

/** An authorization request that waits for a person. It works once, and only in one browser. */
export type OidcRequestTable = {
  id_hash: string;
  /** The hash of the form cookie in the browser that sent the request. */
  browser: string;
  client_id: string;
  /** The validated parameters, as JSON. */
  params: string;
  /** 1 after the person chose to continue with the signed-in account. */
  chosen: Generated<number>;
  /** The scopes that the person has just allowed, with the session: `<session id> <scope> …`. */
  consented: string | null;
  created_at: number;
  expires_at: number;
};

/** One authorization: what a client may do for a person until the session behind it ends. */
export type OidcGrantTable = {
  id: string;
  /** The `sid` claim of its tokens. */
  sid: string;
  /** Null after the session expired: a grant with `offline_access` outlives it. */
  session_id: string | null;
  user_id: string;
  client_id: string;
  payload: string;
  /** The proven factors, separated by spaces, and the time of the newest proof. */
  amr: string;
  auth_time: number;
  /** The trusted device that opened the session, if the session had no second factor when the client was authorized. */
  trusted_device_id: string | null;
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
  /** The token that replaced a refresh token when it was exchanged. */
  successor: string | null;
};

export type OidcConsentTable = {
  id: string;
  user_id: string;
  client_id: string;
  scope: string;
  created_at: number;
};

/** A sign-out that the client has not been notified of yet. */
export type OidcLogoutTable = {
  /** The id of the deleted grant. */
  id: string;
  client_id: string;
  user_id: string;
  sid: string;
  tries: Generated<number>;
  next_try_at: Generated<number>;
  first_try_at: number | null;
};

/** A key that signs tokens. It is published from `created_at` and signs from `activated_at`. */
export type SigningKeyTable = {
  /** The thumbprint of the public key (RFC 7638). Tokens contain it as `kid`. */
  id: string;
  alg: 'ES256' | 'RS256';
  /** The private key as JWK, sealed. */
  sealed_jwk: string;
  created_at: number;
  activated_at: number;
  /** From this time on it is neither published nor used. */
  retired_at: number | null;
};
