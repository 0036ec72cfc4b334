const NAME_LENGTH_MAX = 100;

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
