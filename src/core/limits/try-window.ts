import { isImpossible } from '#core/time/clock.ts';

/**
 * At most `limit` tries in any `spanSeconds`.
 *
 * A bucket counts until its youngest possible try has left the window, so the limit holds for every real window, and a
 * try counts for at least `spanSeconds` and less than `spanSeconds + bucketSeconds`.
 */
export type Window = {
  readonly limit: number;
  readonly spanSeconds: number;
  readonly bucketSeconds: number;
  readonly atLimit: 'wait' | 'pause' | 'disable';
  readonly keptByUnlock?: true;
};

/** Tries without a success between them. Time alone never shortens a streak, except `forgottenAfterSeconds` of silence. */
export type FailureStreak = {
  readonly limit: number;
  readonly atLimit: 'disable' | 'close';
  /** From `from` tries on, `seconds` between two tries. Ascending. */
  readonly waits: readonly { readonly from: number; readonly seconds: number }[];
  readonly forgottenAfterSeconds?: number;
};

/** `[number, tries]`: bucket `number` holds the seconds from `number * bucketSeconds` on. Oldest first. */
export type Bucket = readonly [number: number, tries: number];

/** When enough of the oldest buckets have left for one more try; 0 when there is room already. */
export function opensAt(window: Window, buckets: readonly Bucket[]): number {
  let over = sum(buckets) - window.limit + 1;
  if (over <= 0) return 0;
  for (const [number, tries] of buckets) {
    over -= tries;
    if (over <= 0) return leavesAt(window, number);
  }
  throw new Error('a window without room holds a try');
}

/** The first second at which even the youngest possible try of the bucket is `spanSeconds` old. */
export function leavesAt(window: Window, number: number): number {
  return (number + 1) * window.bucketSeconds - 1 + window.spanSeconds;
}

/** The number of the bucket that a try at `at` belongs to. */
export function bucketAt(window: Window, at: number): number {
  return Math.floor(at / window.bucketSeconds);
}

/** The buckets with `tries` more (or, below zero, fewer) in bucket `number`; an empty bucket is left out. */
export function added(buckets: readonly Bucket[], number: number, tries: number): readonly Bucket[] {
  const before = buckets.find(([other]) => other === number)?.[1] ?? 0;
  const others = buckets.filter(([other]) => other !== number);
  if (before + tries <= 0) return others;
  // Sorted, because parallel tries may be counted in another order than their clocks read.
  return [...others, [number, before + tries] as const].sort(([a], [b]) => a - b);
}

/** All tries in the buckets. */
export function sum(buckets: readonly Bucket[]): number {
  return buckets.reduce((total, [, tries]) => total + tries, 0);
}

/** When a state was written; the database knows it, `core/limits/throttle.ts` hands it on. */
export type Written = {
  /** By the clock of then. */
  readonly writtenAt?: number;
  /** By how much that clock was found to be ahead; `writtenAt` is the moment of the finding then. */
  readonly aheadSeconds?: number;
};

/** What is counted of a key in windows, and the moments that move with it. */
export type Counted = Written & {
  /** Until when the streak's wait lasts. */
  readonly nextTryAt?: number | undefined;
  /** When every token is back. */
  readonly fullAt?: number | undefined;
  /** What each window of the rule counts, in the rule's order. */
  readonly windows: readonly (readonly Bucket[])[];
  /** From here on this state says no more than no state. */
  readonly expiresAt: number;
};

/**
 * When a try of now is counted. Behind a state from ahead it is counted with that: should our own clock be the one that is
 * wrong, nothing has left a window before its time. Once the database has brought the state back, time goes on from now.
 */
export function countedAt(state: Written | undefined, now: number): number {
  const { writtenAt = 0 } = state ?? {};
  return isImpossible(writtenAt, now) ? writtenAt : now;
}

/**
 * What was counted by a clock that was ahead, as of now: no try is forgotten, and none holds anybody up for longer than it
 * would if it had just been made. Tries stay in the windows that they were counted in; those from ahead count from now on.
 */
export function broughtBack(ofRule: readonly Window[], state: Counted, now: number): Counted {
  const { writtenAt = 0, aheadSeconds = 0 } = state;
  const at = isImpossible(writtenAt, now) ? now : writtenAt;
  const seconds = aheadSeconds + writtenAt - at;
  if (seconds === 0) return state;
  const windows = ofRule.map((window, index) => {
    const newest = bucketAt(window, at);
    const buckets = state.windows[index] ?? [];
    const later = buckets.filter(([number]) => number > newest);
    const rest = buckets.filter(([number]) => number <= newest);
    return later.reduce((all: readonly Bucket[], [, tries]) => added(all, newest, tries), rest);
  });
  const earlier = (then: number | undefined) => then && then - seconds;
  const { nextTryAt, fullAt, expiresAt } = state;
  return { nextTryAt: earlier(nextTryAt), fullAt: earlier(fullAt), windows, expiresAt: expiresAt - seconds };
}
