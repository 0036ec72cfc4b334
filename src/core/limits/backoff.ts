const FIRST_SECONDS = 15;
const FACTOR = 4;
// A link to set a password lives half an hour: a person who waits for it must not be forgotten for longer.
const MOST_SECONDS = 15 * 60;

/** How long to wait after so many failed tries: 15 s, 1 min, 4 min, then 15 min each time. */
export function backoffSeconds(tries: number): number {
  return Math.min(FIRST_SECONDS * FACTOR ** Math.max(0, tries - 1), MOST_SECONDS);
}
