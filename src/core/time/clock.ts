/**
 * Stored instants, and a clock that was wrong for a while.
 *
 * The clocks of one service agree within seconds (`/readyz` allows five). An instant further ahead than this was
 * written by a clock that was ahead, or is read by one that is behind. It must not delay anything until that time.
 */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** Whether a correct clock cannot have stored this instant by now. */
export function isImpossible(at: number, now: number): boolean {
  return at > latestPossible(now);
}

/** The latest instant that a clock in agreement with ours can have stored as its own time by now. */
export function latestPossible(now: number): number {
  return now + CLOCK_TOLERANCE_SECONDS;
}

/** No release is older, so an earlier clock (empty battery, no network yet) is certainly wrong. */
const EARLIEST_AT = Date.UTC(2026, 0, 1) / 1000;

/** Whether this instant may be used to correct others. */
export function isPlausible(now: number): boolean {
  return now >= EARLIEST_AT;
}
