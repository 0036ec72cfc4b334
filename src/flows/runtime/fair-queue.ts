/** `refused`: not this item now. `away`: the receiver takes nothing now. `not_ours`: another process has the item. */
export type Outcome = 'taken' | 'refused' | 'away' | 'not_ours';

/** Items for several receivers, some of which are slow or never answer. */
export type FairQueue<Item> = {
  /** All receivers with due items. */
  readonly listReceivers: () => Promise<readonly string[]>;
  /** The due items of one receiver, oldest first. */
  readonly listDue: (receiver: string, limit: number) => Promise<readonly Item[]>;
  /** Claims an item, tries to deliver it and stores the result; after that the item is no longer due. */
  readonly deliver: (item: Item) => Promise<Outcome>;
  /** A receiver is away: it took none of the items that were tried at once. */
  readonly onAway?: (receiver: string) => Promise<void>;
};

export type FairLimits = {
  /** How many receivers are served at once. */
  readonly receivers: number;
  /** How many deliveries to one receiver run at once. */
  readonly perReceiver: number;
  /** How often to look for other receivers while some are being served. */
  readonly lookEveryMs: number;
};

/**
 * Delivers until nothing is due. Each receiver has its own line, so a slow one delays only itself.
 *
 * If there are too many receivers, the one whose last turn is longest ago is next; a turn ends at the first failed
 * delivery.
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

/** Resolves when one of the lines has ended, or after the time. */
async function oneOf(lines: readonly Promise<void>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([...lines, late]);
  clearTimeout(timer);
}
