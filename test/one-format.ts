import assert from 'node:assert/strict';

/** RFC 3339 in UTC, to the second. A day alone is no instant. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const ANY_INSTANT = /\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}[^"',;\s<]*/g;

/**
 * Checks that every instant in this JSON or CSV has this format. The stories call it for each answer of the service.
 */
export function expectOneFormat(text: string): void {
  // In a sentence a colon may follow.
  const others = (text.match(ANY_INSTANT) ?? []).filter((found) => !INSTANT.test(found.replace(/:$/, '')));
  assert.deepEqual(others, [], 'an instant in another format');
}
