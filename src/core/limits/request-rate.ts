/** The requests that a key has left at a moment. */
export type Allowance = { readonly left: number; readonly at: number };

/** How many requests a key may send at once, and gets back each second: an import of thousands takes minutes. */
const BURST = 120;
const PER_SECOND = 10;

/**
 * Takes one request from the allowance of a key, or says how long to wait. A refused request costs nothing.
 *
 * @param now Unix seconds
 */
export function takeRequest(
  allowance: Allowance | undefined,
  now: number,
): { readonly allowance: Allowance; readonly retryAfterSeconds: number | undefined } {
  const { left, at } = allowance ?? { left: BURST, at: now };
  const refilled = Math.min(BURST, left + Math.max(0, now - at) * PER_SECOND);
  // One second gives back more than one request.
  if (refilled < 1) return { allowance: { left: refilled, at: now }, retryAfterSeconds: 1 };
  return { allowance: { left: refilled - 1, at: now }, retryAfterSeconds: undefined };
}
