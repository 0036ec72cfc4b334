/** Where a counted refusal came from. */
export type RefusalClient = {
  readonly requestId: string;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
};

/** Refusals of one key and kind that this process has met and not yet brought into the database. */
export type RefusalCount = {
  /** JSON: the event that will say how many there were, without the number. */
  readonly event: string;
  /** Where the newest of them came from. */
  client: RefusalClient;
  repeated: number;
  /** When the window began, and when it ends. */
  since: number;
  endsAt: number;
};

/** By key. A flood under one key costs one entry here and one row in the database, whatever its length. */
export type RefusalCounts = Map<string, RefusalCount>;
