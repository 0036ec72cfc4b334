/** The tables of what programs do here, and of what they are told. */
export type ManagementTables = {
  api_keys: ApiKeyTable;
  idempotent_calls: IdempotentCallTable;
  shown_secrets: ShownSecretTable;
  webhooks: WebhookTable;
  webhook_secrets: WebhookSecretTable;
  webhook_deliveries: WebhookDeliveryTable;
};

/** A key of the management API. */
export type ApiKeyTable = {
  id: string;
  name: string;
  key_hash: string;
  /** Separated by spaces. */
  scopes: string;
  /** Who made it, as the audit log names them. */
  created_by: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  /** Null where somebody revoked it. */
  revoked_because: 'maker_disabled' | 'maker_deleted' | 'maker_demoted' | null;
  last_used_at: number | null;
};

/** A call or a form that was done, so that it is not done twice. */
export type IdempotentCallTable = {
  id: string;
  /** The key that called; `form` for a form of a page. */
  api_key_id: string;
  /** SHA-256 of the caller's own name for it. */
  name_hash: string;
  /** SHA-256 of what was asked for. */
  request_hash: string;
  /** What was answered, as JSON: it may carry a link or a code. */
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

export type WebhookTable = {
  id: string;
  url: string;
  /** Separated by spaces. */
  events: string;
  created_at: number;
  disabled_at: number | null;
  disabled_because: 'by_staff' | 'failing' | null;
  /** Since when no delivery was taken; null when the last one was. */
  failing_since: number | null;
};

/** What deliveries are signed with: one, and while it is exchanged two. */
export type WebhookSecretTable = {
  id: string;
  webhook_id: string;
  sealed_secret: string;
  created_at: number;
  /** Set once another has taken its place. */
  expires_at: number | null;
};

/** One event for one webhook, from the transaction of its effect to its delivery. */
export type WebhookDeliveryTable = {
  id: string;
  webhook_id: string;
  type: string;
  /** JSON, as it is signed and sent. */
  payload: string;
  created_at: number;
  /** When it may be tried (again); while a delivery is under way, until when it has that for itself. */
  next_try_at: number;
  tries: number;
  delivered_at: number | null;
  dead_at: number | null;
  /** Why the last try failed: a code, never what the receiver said. */
  last_fault: string | null;
};
