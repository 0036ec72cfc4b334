/** The tables of what is done or sent after the transaction that asks for it: mail, webhooks, jobs. */
export type QueueTables = {
  outbox: OutboxTable;
  reminders: ReminderTable;
  jobs: JobTable;
  webhooks: WebhookTable;
  webhook_secrets: WebhookSecretTable;
  webhook_deliveries: WebhookDeliveryTable;
};

/** A mail, from the transaction of what it reports to its delivery. */
export type OutboxTable = {
  id: string;
  kind: string;
  recipient: string;
  locale: string;
  /** The parameters as JSON, sealed: links carry tokens. */
  sealed_parameters: string;
  created_at: number;
  sent_at: number | null;
  /** Deliveries begun. */
  tries: number;
  /** When it may be tried (again); while a delivery is under way, until when it has that for itself. */
  next_try_at: number;
  /** From here on it says nothing to anybody: its link is over, or the news is old. */
  expires_at: number;
  dead_at: number | null;
  /** Why the last try failed: a code, never what a server said. */
  last_fault: string | null;
  /** Since when the server refuses it for a reason that the operator has to put right. */
  held_since: number | null;
  /** Not sent earlier: its address had enough mail. 0: at once. */
  not_before: number;
  /** How many mails this one stands for. */
  held_back: number;
};

/** A reminder that was put into the outbox: once per person, date and stage. */
export type ReminderTable = {
  /** `<user id>:<date>:<stage>` */
  id: string;
  user_id: string;
  required_from: number;
  stage: '14_days' | '7_days' | '1_day' | 'overdue';
  queued_at: number;
};

/** One row per kind of work that runs at most once at a time, over all processes. */
export type JobTable = {
  name: string;
  /** The run that has it; null when nobody does. */
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
