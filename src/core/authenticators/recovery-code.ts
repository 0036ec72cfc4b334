import { foldCodeInput } from './code-input.ts';

/** How many codes one set has. */
export const RECOVERY_CODE_COUNT = 10;

/** Random bytes in one code: 80 bits are 16 characters of 5 bits. */
export const RECOVERY_CODE_BYTES = 10;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Makes the recovery code of ten random bytes, as a person sees it: `XXXX-XXXX-XXXX-XXXX`.
 *
 * Crockford base32 has no I, L, O and U, so that nobody misreads a character and no words appear. Each character
 * carries five bits, so the code is as random as the bytes.
 */
export function formatRecoveryCode(bytes: Uint8Array): string {
  if (bytes.length !== RECOVERY_CODE_BYTES) throw new Error(`a recovery code is made of ${RECOVERY_CODE_BYTES} bytes`);
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const characters = (bits.match(/.{5}/g) ?? []).map((five) => CROCKFORD.charAt(Number.parseInt(five, 2)));
  return (characters.join('').match(/.{4}/g) ?? []).join('-');
}

/**
 * The 16 Crockford characters of a typed code, without dashes, or `undefined`.
 *
 * Changes to upper case, reads O as 0 and I and L as 1, and drops spaces and dashes. Anything else (U, a wrong length)
 * is malformed and never counts as a try.
 */
export function normalizeRecoveryCode(input: string): string | undefined {
  const typed = foldCodeInput(input);
  // ASCII is checked before upper-casing, because 'ſ' and 'ß' would become S and SS.
  if (!/^[0-9A-Za-z]{16}$/.test(typed)) return undefined;
  const code = typed.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return code.includes('U') ? undefined : code;
}
