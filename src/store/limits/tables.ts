import type { Generated } from 'kysely';

/** The tables of counters: tries, and refusals. */
export type LimitTables = {
  attempts: AttemptTable;
  refusal_counts: RefusalCountTable;
};

export type AttemptTable = {
  key: string;
  /** JSON of `Attempts` in `core/limits/throttle.ts`. */
  state: string;
  version: number;
  expires_at: number;
  /** When a try was last counted, by the clock at that time. */
  written_at: Generated<number>;
  /** How far that clock was ahead; 0 if it was right. */
  ahead_seconds: Generated<number>;
};

/** Refusals of one key and kind within a window. The first refusal is its own event; this row counts the later ones. */
export type RefusalCountTable = {
  key: string;
  /** JSON: the later event that reports the count, still without the number. */
  event: string;
  /** JSON: the client of the newest refusal. */
  client: string | null;
  repeated: number;
  /** The start of the window. */
  since: number;
  ends_at: number;
};
