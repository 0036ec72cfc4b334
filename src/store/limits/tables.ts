import type { Generated } from 'kysely';

/** The tables of what is counted: tries, and refusals. */
export type LimitTables = {
  attempts: AttemptTable;
  refusal_counts: RefusalCountTable;
};

export type AttemptTable = {
  key: string;
  /** JSON of `core/limits/throttle.ts` `Attempts`. */
  state: string;
  version: number;
  expires_at: number;
  /** When a try was last counted, by the clock of then. */
  written_at: Generated<number>;
  /** By how much that clock was found to be ahead; 0 for one that was right. */
  ahead_seconds: Generated<number>;
};

/** Refusals of one key and kind within a window. The first is an event of its own; this counts those after it. */
export type RefusalCountTable = {
  key: string;
  /** JSON: the event that will say how many there were, without the number. */
  event: string;
  /** JSON: where the newest of them came from. */
  client: string | null;
  repeated: number;
  /** When the window began. */
  since: number;
  ends_at: number;
};
