import { foldCodeInput } from './code-input.ts';

/** How many codes one set has. */
export const RECOVERY_CODE_COUNT = 10;

/** Random bytes behind one code: 80 bits are 16 characters of 5 bits. */
export const RECOVERY_CODE_BYTES = 10;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The recovery code of ten random bytes, as a person sees it: `XXXX-XXXX-XXXX-XXXX`.
 *
 * Crockford base32: no I, L, O and U, so that nothing is misread and no word arises. Every character carries five bits
 * of the bytes, so the code is as uniform as they are.
 */
export function formatRecoveryCode(bytes: Uint8Array): string {
  if (bytes.length !== RECOVERY_CODE_BYTES) throw new Error(`a recovery code is made of ${RECOVERY_CODE_BYTES} bytes`);
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const characters = (bits.match(/.{5}/g) ?? []).map((five) => CROCKFORD.charAt(Number.parseInt(five, 2)));
  return (characters.join('').match(/.{4}/g) ?? []).join('-');
}

/**
 * The 16 Crockford characters a person meant, without dashes, or `undefined` when it is anything else.
 *
 * Upper-cased, O read as 0, I and L as 1, spaces and dashes dropped. What is left over (U, a wrong length) is malformed,
 * and never counted as a try.
 */
export function normalizeRecoveryCode(input: string): string | undefined {
  const typed = foldCodeInput(input);
  // ASCII before upper-casing: 'ſ' and 'ß' become S and SS, and were never part of a code.
  if (!/^[0-9A-Za-z]{16}$/.test(typed)) return undefined;
  const code = typed.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return code.includes('U') ? undefined : code;
}
