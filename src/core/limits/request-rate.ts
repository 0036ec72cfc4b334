/** Requests that a key has left, as of a moment. */
export type Allowance = { readonly left: number; readonly at: number };

/** What a key may send at once, and what comes back each second: an import of thousands goes through in minutes. */
const BURST = 120;
const PER_SECOND = 10;

/**
 * Takes one request out of the allowance of a key, or says how long to wait. A refused request costs nothing.
 *
 * @param now Unix seconds
 */
export function takeRequest(
  allowance: Allowance | undefined,
  now: number,
): { readonly allowance: Allowance; readonly retryAfterSeconds: number | undefined } {
  const { left, at } = allowance ?? { left: BURST, at: now };
  const refilled = Math.min(BURST, left + Math.max(0, now - at) * PER_SECOND);
  // A whole second brings more than one back.
  if (refilled < 1) return { allowance: { left: refilled, at: now }, retryAfterSeconds: 1 };
  return { allowance: { left: refilled - 1, at: now }, retryAfterSeconds: undefined };
}
