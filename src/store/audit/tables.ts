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
  /** JSON `{salt, ip, userAgent}`; null once erased. Only its digest is in the chain. */
  client: string | null;
  client_digest: string;
  /** HMAC of the event under the audit key, as `<key id>.<mac>`; null once it is sealed. */
  proof: string | null;
  /** The sealed batch that holds it; null in the unsealed tail. */
  batch: number | null;
};

export type AuditBatchTable = {
  number: number;
  sealed_at: number;
  /** Of this batch; a checkpoint carries how many events were pruned so far. */
  event_count: number;
  /** As `manifestOf` writes it. Empty in a checkpoint. */
  manifest: string;
  /** SHA-256 of the manifest, hex. */
  events_digest: string;
  /** SHA-256 chain over all batches up to this one, hex. */
  head: string;
  /** HMAC of number, head and kind under the audit key, as `<key id>.<mac>`. */
  seal: string;
  /** 1 for a checkpoint that stands for pruned batches. */
  checkpoint: number;
};
