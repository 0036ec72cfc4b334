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
