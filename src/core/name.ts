const NAME_LENGTH_MAX = 100;
const SLUG_LENGTH_MAX = 60;

/**
 * A person's or a company's name as it is kept, or `undefined` when it is none: NFC, trimmed, one space at a time.
 *
 * 1 to 100 characters, no control or invisible ones: names stand in mail, in the audit export and in authenticator apps.
 */
export function cleanName(typed: string): string | undefined {
  const name = typed.normalize('NFC').trim().replace(/ +/g, ' ');
  const length = [...name].length;
  return length >= 1 && length <= NAME_LENGTH_MAX && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name) ? name : undefined;
}

/** The short name of a partner in commands and addresses: `[a-z0-9-]`, no hyphen at an end. */
export function isSlug(text: string): boolean {
  return text.length <= SLUG_LENGTH_MAX && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text);
}

/** The slug that a name suggests, or `undefined` when no Latin letter or digit is in it. */
export function slugOf(name: string): string | undefined {
  const ascii = name
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
  const slug = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LENGTH_MAX)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? undefined : slug;
}
