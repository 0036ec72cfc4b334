/** The tables of programs that call the management API. */
export type ProgramTables = {
  api_keys: ApiKeyTable;
  idempotent_calls: IdempotentCallTable;
  shown_secrets: ShownSecretTable;
};

/** A key of the management API. */
export type ApiKeyTable = {
  id: string;
  name: string;
  key_hash: string;
  /** Separated by spaces. */
  scopes: string;
  /** Who made it, in the form of the audit log. */
  created_by: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  /** Null for a live key and for one that a person revoked. */
  revoked_because: 'maker_disabled' | 'maker_deleted' | 'maker_demoted' | null;
  last_used_at: number | null;
};

/** A finished call or form, stored so that it is not done twice. */
export type IdempotentCallTable = {
  id: string;
  /** The calling key; `form` for a form of a page. */
  api_key_id: string;
  /** SHA-256 of the idempotency key that the caller chose. */
  name_hash: string;
  /** SHA-256 of the request. */
  request_hash: string;
  /** The answer as JSON, sealed because it may contain a link or a code. */
  sealed_answer: string;
  expires_at: number;
};

/** A secret that a page shows for ten minutes to the person who made it. */
export type ShownSecretTable = {
  id: string;
  user_id: string;
  sealed_secret: string;
  expires_at: number;
};
