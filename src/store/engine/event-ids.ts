// Ids begin with their time, and run ahead of the clock only where one stood still or went back.
const SLACK_SECONDS = 60 * 60;

/** Every event of that second or later has this id or a higher one: so days and hours find their place in an index. */
export function leastIdFrom(at: number): string {
  return idAt(at - SLACK_SECONDS);
}

/** Every event before that second has a lower id than this. */
export function idPast(at: number): string {
  return idAt(at + SLACK_SECONDS);
}

/** The least UUIDv7 of a second (RFC 9562 §5.7). */
function idAt(at: number): string {
  const time = (Math.max(0, at) * 1000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
