/**
 * The longest text of each kind, in bytes of UTF-8.
 *
 * Checked before any work that grows faster than its text: composing characters, making a domain ASCII, parsing an
 * address, hashing. `normalize` needs 0.4 s for 16,000 combining marks (32 KB); meanwhile this process answers nobody.
 */
export const TEXT_BYTES = {
  /** RFC 5321 §4.5.3.1: 64 before the @ and 255 after it. */
  email: 320,
  /** 100 characters of four bytes. */
  name: 400,
  /** `Name <email>`, the form of address books. */
  mailbox: 740,
  /** A pasted list: as long as its whole form, so that one that is refused is shown again whole. Less of it is read. */
  mailboxes: 1024 * 1024,
  password: 1024,
  /** A recovery code in full-width characters has 57. */
  code: 64,
  search: 200,
  /** 500 characters are stored; the rest is dropped. */
  reason: 4096,
  /** 1,000 characters are stored. */
  notes: 4000,
  id: 64,
  slug: 64,
  /** A day or an instant. */
  time: 64,
  /** A word from a list: a role, a policy. */
  word: 64,
  cursor: 200,
  /** One of our paths with its query, or the address of a webhook. */
  address: 2048,
  /** 20 URIs of 2,000 characters, one a line. */
  uris: 40_100,
  /** Slugs of 100 partners, one a line. */
  slugs: 6_500,
  /** The ids of 100 rows of a list, separated by spaces. */
  ids: 3_700,
  /** A file of changes, pasted. */
  csv: 1024 * 1024,
  /** A logo of 256 KiB in base64. */
  image: 352 * 1024,
  /** Public keys as JSON: ten of RSA 4096 have 8 KB. */
  jwks: 16 * 1024,
  /** What a browser answers for a passkey, as JSON: some 2 KB, with a certificate up to 10. */
  credential: 48 * 1024,
  /** A part of it. */
  base64url: 40 * 1024,
  formToken: 200,
} as const;

export type TextKind = keyof typeof TEXT_BYTES;

/** Whether a text is short enough to process. */
export function isShort(kind: TextKind, text: string): boolean {
  const most = TEXT_BYTES[kind];
  // Every character has at least one byte, so a long text need not be counted.
  return text.length <= most && Buffer.byteLength(text, 'utf8') <= most;
}

/** The text if it fits; else its beginning, still too long, so that every rule refuses it but none processes more. */
export function cutPastCap(kind: TextKind, text: string): string {
  return isShort(kind, text) ? text : text.slice(0, TEXT_BYTES[kind] + 1);
}

/**
 * Whether both databases can store and compare it. PostgreSQL stores no NUL in text, and half a surrogate pair is no
 * UTF-8. Only passwords may contain such characters, because they are hashed.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

const SEARCH_LENGTH_MAX = 100;

/** A search term, composed and trimmed, or `undefined` if it is empty. Only the beginning of a long text counts. */
export function searchText(typed: string): string | undefined {
  const most = TEXT_BYTES.search;
  const short = isShort('search', typed) ? typed : Buffer.from(typed.slice(0, most)).subarray(0, most).toString();
  const text = short.normalize('NFC').trim().slice(0, SEARCH_LENGTH_MAX).toWellFormed();
  // A character that was cut in half is dropped.
  return text.replace(/\ufffd$/, '') || undefined;
}

/** A number with its noun: 1 row, 2 rows. For English lines; screens use plural messages. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
