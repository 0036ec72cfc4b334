import { isImpossible } from '#core/time/clock.ts';

/**
 * At most `limit` tries in any `spanSeconds`.
 *
 * A bucket counts until its youngest possible try has left the window. So the limit holds for every real window, and a
 * try counts for at least `spanSeconds` and less than `spanSeconds + bucketSeconds`.
 */
export type Window = {
  readonly limit: number;
  readonly spanSeconds: number;
  readonly bucketSeconds: number;
  readonly atLimit: 'wait' | 'pause' | 'disable';
  readonly survivesUnlock?: true;
};

/** Tries without a success between them. Only `forgottenAfterSeconds` without a try shortens a streak. */
export type FailureStreak = {
  readonly limit: number;
  readonly atLimit: 'disable' | 'close';
  /** From the try `from` on, `seconds` must pass between two tries. Ascending. */
  readonly waits: readonly { readonly from: number; readonly seconds: number }[];
  readonly forgottenAfterSeconds?: number;
};

/** `[number, tries]`: bucket `number` starts at second `number * bucketSeconds`. Oldest first. */
export type Bucket = readonly [number: number, tries: number];

/** When enough of the oldest buckets are too old, so that one more try is allowed; 0 if one is allowed now. */
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

/** The number of the bucket of a try at `at`. */
export function bucketAt(window: Window, at: number): number {
  return Math.floor(at / window.bucketSeconds);
}

/** The buckets with `tries` more (if negative, fewer) in bucket `number`; an empty bucket is removed. */
export function added(buckets: readonly Bucket[], number: number, tries: number): readonly Bucket[] {
  const before = buckets.find(([other]) => other === number)?.[1] ?? 0;
  const others = buckets.filter(([other]) => other !== number);
  if (before + tries <= 0) return others;
  // Sorted, because parallel tries can be counted in another order than their clocks show.
  return [...others, [number, before + tries] as const].sort(([a], [b]) => a - b);
}

/** The tries in all buckets. */
export function sum(buckets: readonly Bucket[]): number {
  return buckets.reduce((total, [, tries]) => total + tries, 0);
}

/** When a state was written; the database stores it, and `core/limits/throttle.ts` passes it on. */
export type Written = {
  /** By the clock at that time. */
  readonly writtenAt?: number;
  /** By how much that clock was found to be ahead; then `writtenAt` is the time of this finding. */
  readonly aheadSeconds?: number;
};

/** The tries of a key in windows, and the times that move with them. */
export type Counted = Written & {
  /** When the wait of the streak ends. */
  readonly nextTryAt?: number | undefined;
  /** When all tokens have returned. */
  readonly fullAt?: number | undefined;
  /** The buckets of each window, in the order of the rule. */
  readonly windows: readonly (readonly Bucket[])[];
  /** From this time on, the state means the same as no state. */
  readonly expiresAt: number;
};

/**
 * The time under which to count a try now. If the state was written in the future, that time is used: in case our own
 * clock is the wrong one, no try leaves a window too early. After the database has corrected the state, it is now.
 */
export function countedAt(state: Written | undefined, now: number): number {
  const { writtenAt = 0 } = state ?? {};
  return isImpossible(writtenAt, now) ? writtenAt : now;
}

/**
 * Corrects a state from a clock that was ahead to now. No try is lost, and none blocks anybody longer than a new try
 * would. Tries stay in their windows; tries in the future count from now on.
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
