// An id begins with its time. It runs ahead of the clock only if the clock stopped or went back.
const SLACK_SECONDS = 60 * 60;

/** Every event at this second or later has this id or a higher one. So a query by time can use an index on the id. */
export function leastIdFrom(at: number): string {
  return idAt(at - SLACK_SECONDS);
}

/** Every event before this second has a lower id. */
export function idPast(at: number): string {
  return idAt(at + SLACK_SECONDS);
}

/** The lowest UUIDv7 of a second (RFC 9562 §5.7). */
function idAt(at: number): string {
  const time = (Math.max(0, at) * 1000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
