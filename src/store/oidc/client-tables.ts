/** The tables of the programs that people sign in to by OpenID Connect. */
export type OidcClientTables = {
  oidc_clients: OidcClientTable;
  oidc_client_partners: OidcClientPartnerTable;
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
