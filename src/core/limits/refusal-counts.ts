/** Where a counted refusal came from. */
export type RefusalClient = {
  readonly requestId: string;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
};

/** Refusals of one key and kind that this process has counted but not yet written to the database. */
export type RefusalCount = {
  /** JSON: the event that will report the number, still without it. */
  readonly event: string;
  /** Where the newest refusal came from. */
  client: RefusalClient;
  repeated: number;
  /** When the window begins and ends. */
  since: number;
  endsAt: number;
};

/** By key. A flood with one key costs one entry here and one row in the database, however long it is. */
export type RefusalCounts = Map<string, RefusalCount>;
