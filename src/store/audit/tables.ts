export type AuditTables = {
  audit_events: AuditEventTable;
  audit_batches: AuditBatchTable;
};

export type AuditEventTable = {
  id: string;
  at: number;
  action: string;
  outcome: string;
  actor: string | null;
  subject: string | null;
  partner: string | null;
  request_id: string | null;
  detail: string;
  /** JSON `{salt, ip, userAgent}`; null after erasure. The chain contains only its digest. */
  client: string | null;
  client_digest: string;
  /** HMAC of the event under the audit key, as `<key id>.<mac>`; null after sealing. */
  proof: string | null;
  /** The sealed batch that holds this event; null while it is not sealed. */
  batch: number | null;
};

export type AuditBatchTable = {
  number: number;
  sealed_at: number;
  /** Events in this batch; in a checkpoint, the number of all events pruned so far. */
  event_count: number;
  /** The output of `manifestOf`. Empty in a checkpoint. */
  manifest: string;
  /** SHA-256 of the manifest, hex. */
  events_digest: string;
  /** SHA-256 chain over all batches up to this one, hex. */
  head: string;
  /** HMAC of number, head and kind under the audit key, as `<key id>.<mac>`. */
  seal: string;
  /** 1 for a checkpoint that replaces pruned batches. */
  checkpoint: number;
};
