/** A mail, from the transaction of what it tells of to its delivery. */
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
