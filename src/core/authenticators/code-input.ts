const LONGEST = 64; // a recovery code has 19 characters, and people put spaces around its dashes
const SEPARATORS = /[\s\p{Zs}\p{Pd}\p{Cf}\u2212]/gu; // every space and dash, the minus sign, and what has no width
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const FULL_WIDTH_SHIFT = 0xfee0; // the full-width block is ASCII, moved by this much

/**
 * What a person typed or pasted as a code, without spaces, dashes and invisible characters, full-width characters made ASCII.
 *
 * Empty when it is far too long for one. People copy codes as "123 456", with no-break spaces, or from a Japanese keyboard. Nothing else is forgiven here.
 */
export function foldCodeInput(input: string): string {
  if (input.length > LONGEST) return '';
  return input
    .replace(SEPARATORS, '')
    .replace(FULL_WIDTH, (character) => String.fromCharCode(character.charCodeAt(0) - FULL_WIDTH_SHIFT));
}
