import { cleanName } from '#core/people/name.ts';

/** Why a value is refused: the rest of a sentence that begins with the setting's name. Never repeats the value. */
export type Problem = { readonly problem: string };

/** A parser for whole numbers from `least` to `most`, both included. */
export function wholeNumber(least: number, most: number, example: string): (text: string) => number | Problem {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    return { problem: `is not a whole number from ${least} to ${most}: write for example ${example}` };
  };
}

/** Without colons, because in an `otpauth:` label a colon follows the issuer. */
export function parseProductName(text: string): string | Problem {
  if (text.trim() === '' || [...text.trim()].length > PRODUCT_NAME_LENGTH_MAX) return OVERLONG_PRODUCT_NAME;
  const name = cleanName(text);
  if (name === undefined) return { problem: 'must be a name on one line, without control characters' };
  if (name.includes(':')) return { problem: 'must not contain a colon: authenticator apps cut the name there' };
  return name;
}

const PRODUCT_NAME_LENGTH_MAX = 60;
const OVERLONG_PRODUCT_NAME = { problem: `must be 1 to ${PRODUCT_NAME_LENGTH_MAX} characters long` };

/** One line of at most 200 characters. */
export function parseSupportContact(text: string): string | Problem {
  const contact = text.trim();
  if (contact === '' || [...contact].length > 200 || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(contact)) {
    return { problem: 'must be 1 to 200 characters: an address, a telephone number or a sentence' };
  }
  return contact;
}

/** The id of a stored logo, which is a hash. The picture comes by upload, never as a text. */
export function parseLogoId(text: string): string | Problem {
  return isLogoId(text) ? text : { problem: 'is a file: upload it in the console' };
}

/** Whether a text can be the id of a stored logo. */
export function isLogoId(text: string): boolean {
  return /^[\w-]{16}$/.test(text);
}

/** A flag, written `on` or `off`. */
export function parseSwitch(text: string): boolean | Problem {
  if (text === 'on' || text === 'off') return text === 'on';
  return { problem: 'must be on or off' };
}

/** Who may reset the MFA of people of a partner. */
export type ResetsBy = 'staff' | 'administrators';

/** @param text `staff` or `administrators` */
export function parseResetsBy(text: string): ResetsBy | Problem {
  if (text === 'staff' || text === 'administrators') return text;
  return { problem: 'must be staff or administrators' };
}
