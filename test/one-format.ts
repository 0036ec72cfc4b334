import assert from 'node:assert/strict';

/** RFC 3339 in UTC, to the second; a day alone is no instant. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const ANY_INSTANT = /\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}[^"',;\s<]*/g;

/** Every instant in this JSON or CSV has the one format. The stories call it for whatever the service answers. */
export function expectOneFormat(text: string): void {
  // A sentence can go on with a colon.
  const others = (text.match(ANY_INSTANT) ?? []).filter((found) => !INSTANT.test(found.replace(/:$/, '')));
  assert.deepEqual(others, [], 'an instant in another format');
}
