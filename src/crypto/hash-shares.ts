// Nobody sends a form more often by mistake. The jobs wait outside the queue and only need memory.
const MOST_BEHIND_A_SHARE = 100;

/** Allows one job at a time for each person and link; others wait for it outside the queue. */
export function createShares(withinMs: number) {
  // The persons and links with a job in the queue, and the jobs that wait for it.
  const taken = new Map<string, Set<() => void>>();

  function take(share: string | undefined): Promise<boolean> | boolean {
    if (share === undefined) return true;
    const waiting = taken.get(share);
    if (waiting === undefined) {
      taken.set(share, new Set());
      return true;
    }
    if (waiting.size >= MOST_BEHIND_A_SHARE) return false;
    return new Promise((resolve) => {
      const end = (isTurn: boolean) => {
        clearTimeout(timer);
        waiting.delete(start);
        resolve(isTurn);
      };
      const start = () => end(true);
      const timer = setTimeout(() => end(false), withinMs);
      waiting.add(start);
    });
  }

  function leave(share: string | undefined): void {
    if (share === undefined) return;
    const [next] = taken.get(share) ?? [];
    if (next === undefined) taken.delete(share);
    else next();
  }

  return { take, leave };
}

/** How often a person inside a flow may go first in ten seconds: a step-up and a change of password need three. */
const FIRSTS = 3;
const FIRSTS_MS = 10_000;

/** Remembers who went first recently, and how often. */
export function createFirsts(nowMs: () => number) {
  const taken = new Map<string, { readonly untilMs: number; count: number }>();

  /** Whether this share may go first now. */
  function take(share: string | undefined): boolean {
    if (share === undefined) return false;
    const now = nowMs();
    // The entries are in the order of their start, so also of their end.
    for (const [name, { untilMs }] of taken) {
      if (untilMs > now) break;
      taken.delete(name);
    }
    const own = taken.get(share) ?? { untilMs: now + FIRSTS_MS, count: 0 };
    own.count += 1;
    taken.set(share, own);
    return own.count <= FIRSTS;
  }

  return { take };
}
