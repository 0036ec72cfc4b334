const LONGEST = 64; // a recovery code has 19 characters, and people put spaces around its dashes
const SEPARATORS = /[\s\p{Zs}\p{Pd}\p{Cf}\u2212]/gu; // every space and dash, the minus sign, and zero-width characters
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const FULL_WIDTH_SHIFT = 0xfee0; // the full-width block is ASCII plus this number

/**
 * A typed or pasted code without spaces, dashes and invisible characters, with full-width characters changed to ASCII.
 *
 * Empty if it is far too long. People copy codes as "123 456", with no-break spaces, or type them on a Japanese
 * keyboard. Nothing else is corrected here.
 */
export function foldCodeInput(input: string): string {
  if (input.length > LONGEST) return '';
  return input
    .replace(SEPARATORS, '')
    .replace(FULL_WIDTH, (character) => String.fromCharCode(character.charCodeAt(0) - FULL_WIDTH_SHIFT));
}
