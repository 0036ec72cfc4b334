/** The tables of work that runs after the transaction that queued it: mail, webhooks, jobs. */
export type QueueTables = {
  outbox: OutboxTable;
  reminders: ReminderTable;
  jobs: JobTable;
  webhooks: WebhookTable;
  webhook_secrets: WebhookSecretTable;
  webhook_deliveries: WebhookDeliveryTable;
};

/** A mail, from the transaction that reports a change until its delivery. */
export type OutboxTable = {
  id: string;
  kind: string;
  recipient: string;
  locale: string;
  /** The parameters as JSON, sealed because links contain tokens. */
  sealed_parameters: string;
  created_at: number;
  sent_at: number | null;
  /** The number of tries started. */
  tries: number;
  /** The time of the next try. While a delivery runs, no other one may start before this time. */
  next_try_at: number;
  /** After this time the mail is useless, because its link has expired or its news is old. */
  expires_at: number;
  dead_at: number | null;
  /** Why the last try failed: a code, never the server's own text. */
  last_fault: string | null;
  /** Since when the server has refused it for a reason that the operator must fix. */
  held_since: number | null;
  /** The mail is not sent before this time, because its address got enough mail. 0: at once. */
  not_before: number;
  /** The number of mails that this digest replaces. */
  held_back: number;
  /** The partner of the receiver, whose look the mail has. */
  partner_id: string | null;
};

/** A reminder that was queued as mail: one per person, date and stage, which says what it reminds of. */
export type ReminderTable = {
  /** `<user id>:<date>:<stage>` */
  id: string;
  user_id: string;
  required_from: number;
  /** `1_day`, `7_days`, …, `overdue`: days before the date. */
  stage: string;
  queued_at: number;
};

/** One row per kind of job. All processes together run it at most once at a time. */
export type JobTable = {
  name: string;
  /** The id of the current run; null if none runs. */
  holder: string | null;
  lease_until: number;
  last_run_at: number;
  last_finished_at: number | null;
};

export type WebhookTable = {
  id: string;
  url: string;
  /** Separated by spaces. */
  events: string;
  created_at: number;
  disabled_at: number | null;
  disabled_because: 'by_staff' | 'failing' | null;
  /** Since when every delivery has failed; null if the last one succeeded. */
  failing_since: number | null;
};

/** The secret that signs deliveries. A webhook has one, and two while it is being replaced. */
export type WebhookSecretTable = {
  id: string;
  webhook_id: string;
  sealed_secret: string;
  created_at: number;
  /** Set when another secret has replaced it. */
  expires_at: number | null;
};

/** One event for one webhook, from the transaction of the change until its delivery. */
export type WebhookDeliveryTable = {
  id: string;
  webhook_id: string;
  type: string;
  /** The JSON text that is signed and sent. */
  payload: string;
  created_at: number;
  /** The time of the next try. While a delivery runs, no other one may start before this time. */
  next_try_at: number;
  tries: number;
  delivered_at: number | null;
  dead_at: number | null;
  /** Why the last try failed: a code, never the receiver's own text. */
  last_fault: string | null;
};
