// More than a form is ever sent by mistake; they wait outside the queue and cost memory alone.
const MOST_BEHIND_A_SHARE = 100;

/** One job at a time for each person and link; the others wait for it outside the queue. */
export function createShares(withinMs: number) {
  // The askers with a job in the queue, and what waits for it.
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

/** How often somebody inside a flow goes first in ten seconds: in a step-up and a change of password three times. */
const FIRSTS = 3;
const FIRSTS_MS = 10_000;

/** Who went first of late, and how often. */
export function createFirsts(nowMs: () => number) {
  const taken = new Map<string, { readonly untilMs: number; count: number }>();

  /** Whether it goes first once more. */
  function take(share: string | undefined): boolean {
    if (share === undefined) return false;
    const now = nowMs();
    // In the order in which they began, so in the order in which they end.
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
