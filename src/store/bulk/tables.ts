import type { Generated } from 'kysely';

/** The tables of jobs that change many rows, one by one. */
export type BulkTables = { bulk_jobs: BulkJobTable; bulk_items: BulkItemTable };

/** One job, from its draft until it is deleted some weeks after its end. */
export type BulkJobTable = {
  id: string;
  /** `policy`, `date`, `reminders`: changes of partners. `undo`: puts back what another job changed. */
  kind: 'policy' | 'date' | 'reminders' | 'undo' | 'import' | 'invite';
  /** For whom each item acts, as the audit log names actors. For a draft: who prepared it. */
  maker: string;
  /** As typed at the start. */
  reason: string | null;
  /**
   * `draft`: items are being added. `checking`: a process checks them. `checked`: somebody may start it. `stopped`: what
   * is still waiting stays undone.
   */
  state: 'draft' | 'checking' | 'checked' | 'running' | 'finished' | 'stopped';
  stopped_because: 'by_staff' | 'maker_lost' | null;
  /** JSON: choices that hold for every item. */
  settings: Generated<string>;
  total: Generated<number>;
  done: Generated<number>;
  unchanged: Generated<number>;
  failed: Generated<number>;
  /** The position of the last item that was checked. */
  checked: Generated<number>;
  /** The job that this one puts back or continues. */
  parent_id: string | null;
  /** No item is worked on before this time. */
  not_before: Generated<number>;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
};

/** One thing to do. Exactly one transaction claims it, by `state = 'waiting'`. */
export type BulkItemTable = {
  /** `<job id>:<position>` */
  id: string;
  job_id: string;
  position: number;
  /** The line of the file; 0 if it comes from no file. */
  line: Generated<number>;
  /** The id of the partner or person that it changes. */
  subject: string | null;
  /** JSON: what to do. */
  todo: string;
  /** What it would do, as the preview sums it up. An import does rows that create a partner one at a time. */
  effect: Generated<'' | 'ends' | 'date' | 'lifts' | 'reminders' | 'same' | 'creates'>;
  state: Generated<'waiting' | 'done' | 'unchanged' | 'failed'>;
  /** Why nothing was changed: a code. */
  note: string | null;
  /** JSON: what an undo puts back, and what it has to find for that. */
  state_before: string | null;
  state_after: string | null;
};
