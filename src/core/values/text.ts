/**
 * The most that a text of each kind may have, in bytes of UTF-8.
 *
 * Asked before anything whose cost grows faster than its text: composing characters, making a domain ASCII, parsing an
 * address, hashing. 16,000 combining marks (32 KB) take `normalize` 0.4 s, in which this process answers nobody.
 */
export const TEXT_BYTES = {
  /** RFC 5321 §4.5.3.1: 64 before the @ and 255 after it. */
  email: 320,
  /** 100 characters of four bytes. */
  name: 400,
  /** `Name <email>`, as address books write it. */
  mailbox: 740,
  password: 1024,
  /** A recovery code in full-width characters is 57. */
  code: 64,
  search: 200,
  /** 500 characters are kept of it; the rest is dropped. */
  reason: 4096,
  id: 64,
  slug: 64,
  /** A day or an instant. */
  time: 64,
  /** One of a list of words: a role, a policy. */
  word: 64,
  cursor: 200,
  /** A path of ours with its query, or the address of a webhook. */
  address: 2048,
  /** 20 URIs of 2,000 characters, one a line. */
  uris: 40_100,
  /** Slugs of 100 partners, one a line. */
  slugs: 6_500,
  /** Public keys as JSON: ten of RSA 4096 have 8 KB. */
  jwks: 16 * 1024,
  formToken: 200,
} as const;

export type TextKind = keyof typeof TEXT_BYTES;

/** Whether a text is short enough to be worked on. */
export function isShort(kind: TextKind, text: string): boolean {
  const most = TEXT_BYTES[kind];
  // No character has less than a byte: the count of a long text is not needed.
  return text.length <= most && Buffer.byteLength(text, 'utf8') <= most;
}

/** The text when it fits; else its beginning, which is still too long: no rule takes it, and none works on more. */
export function cutPastCap(kind: TextKind, text: string): string {
  return isShort(kind, text) ? text : text.slice(0, TEXT_BYTES[kind] + 1);
}

/**
 * Whether both databases can keep and compare it: PostgreSQL has no text with a NUL, and half of a surrogate pair is no
 * UTF-8. Only passwords may hold such characters, because they are hashed.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

const SEARCH_LENGTH_MAX = 100;

/** What somebody looks for, composed and trimmed, or `undefined` for nothing. Of a long text only the beginning counts. */
export function searchText(typed: string): string | undefined {
  const most = TEXT_BYTES.search;
  const short = isShort('search', typed) ? typed : Buffer.from(typed.slice(0, most)).subarray(0, most).toString();
  const text = short.normalize('NFC').trim().slice(0, SEARCH_LENGTH_MAX).toWellFormed();
  // A character that was cut in two is none to look for.
  return text.replace(/\ufffd$/, '') || undefined;
}
