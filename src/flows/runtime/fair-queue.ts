/** `refused`: not this one, not now. `away`: nothing now. `not_ours`: another process has it. */
export type Outcome = 'taken' | 'refused' | 'away' | 'not_ours';

/** What waits for several receivers, of which some are slow, or never answer. */
export type FairQueue<Item> = {
  /** All for whom something is due. */
  readonly listReceivers: () => Promise<readonly string[]>;
  /** What is due for one of them, the longest waiting first. */
  readonly listDue: (receiver: string, limit: number) => Promise<readonly Item[]>;
  /** Claims it, tries it and notes what came of it: by then it is not due any more. */
  readonly deliver: (item: Item) => Promise<Outcome>;
  /** A receiver is away, and took none of those that were tried at once. */
  readonly onAway?: (receiver: string) => Promise<void>;
};

export type FairLimits = {
  /** Receivers that are served at once. */
  readonly receivers: number;
  /** Deliveries to one receiver at once. */
  readonly perReceiver: number;
  /** How often to look for receivers while others are being served. */
  readonly lookEveryMs: number;
};

/**
 * Delivers until nothing is due. Each receiver has a line of its own, so one that hangs delays only itself.
 *
 * Where there are more receivers than are served at once, the one whose last turn is the longest ago comes next; a turn
 * ends with the first delivery that is not taken.
 */
export async function deliverFairly<Item>(
  queue: FairQueue<Item>,
  limits: FairLimits,
  isStopping: () => boolean,
): Promise<void> {
  const served = new Map<string, Promise<void>>();
  const lastTurns = new Map<string, number>();
  let turn = 0;
  let fault: { readonly error: unknown } | undefined;
  for (;;) {
    if (!isStopping() && fault === undefined) {
      const waiting = (await queue.listReceivers()).filter((receiver) => !served.has(receiver));
      const longestAgo = waiting.toSorted((one, other) => (lastTurns.get(one) ?? 0) - (lastTurns.get(other) ?? 0));
      for (const receiver of longestAgo.slice(0, limits.receivers - served.size)) {
        lastTurns.set(receiver, ++turn);
        const line = serve(queue, receiver, limits.perReceiver, isStopping)
          .catch((error: unknown) => {
            fault = { error };
          })
          .finally(() => served.delete(receiver));
        served.set(receiver, line);
      }
    }
    if (served.size === 0) break;
    await oneOf([...served.values()], limits.lookEveryMs);
  }
  if (fault !== undefined) throw fault.error;
}

async function serve<Item>(
  queue: FairQueue<Item>,
  receiver: string,
  limit: number,
  isStopping: () => boolean,
): Promise<void> {
  while (!isStopping()) {
    const due = await queue.listDue(receiver, limit);
    if (due.length === 0) return;
    const outcomes = await Promise.all(due.map(queue.deliver));
    if (outcomes.includes('away') && !outcomes.includes('taken')) await queue.onAway?.(receiver);
    if (outcomes.includes('refused') || outcomes.includes('away')) return;
  }
}

/** Until one of them has ended, or the time is over. */
async function oneOf(lines: readonly Promise<void>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([...lines, late]);
  clearTimeout(timer);
}
