import { type ReasonOf, type Refusal, refuse } from '#core/values/result.ts';
import { isShort } from '#core/values/text.ts';

const OWN_WORD_LENGTH_MIN = 4; // shorter ones appear inside too many harmless words
const REST_LENGTH_MIN = 6;

/** The rule for a new password. */
export type PasswordRule = {
  readonly minimumLength: number;
  /** The names of the product, partner and user, and the slug and email, unchanged. */
  readonly ownWords: readonly string[];
  /** From `loadCommonPasswords`. */
  readonly isCommon: (password: string) => boolean;
};

/** The minimum length of a new password: longer if there is no second factor (SP 800-63B-4 §3.1.1.2). */
export function minimumPasswordLength(mfaEnforced: boolean): number {
  return mfaEnforced ? 12 : 15;
}

/**
 * The form of a password that is hashed, or `undefined` if it is too long or not well-formed (a lone surrogate).
 *
 * NFC, because one keyboard sends `é` as one character and another as two (SP 800-63B-4 §3.1.1.2). Nothing is trimmed
 * or cut. In UTF-8 a lone surrogate becomes U+FFFD, so two different passwords would be equal.
 */
export function normalizePassword(password: string): string | undefined {
  return isShort('password', password) && password.isWellFormed() ? password.normalize('NFC') : undefined;
}

/**
 * Why a new password is refused, or `undefined` if it is good.
 *
 * `password_unacceptable` with a reason: `too_short` (in Unicode code points), `too_long` (in bytes as typed; limits
 * the work), `common`, `own_words`. No rule requires kinds of characters. Malformed text is `invalid_request`.
 */
export function checkPassword(password: string, rule: PasswordRule): Refusal | undefined {
  if (!isShort('password', password)) return unacceptable('too_long');
  const normalized = normalizePassword(password);
  if (normalized === undefined) return refuse('invalid_request');
  if ([...normalized].length < rule.minimumLength) return unacceptable('too_short');
  if (rule.isCommon(normalized)) return unacceptable('common');
  if (isMadeOfOwnWords(normalized, rule.ownWords)) return unacceptable('own_words');
  return undefined;
}

function unacceptable(reason: ReasonOf<'password_unacceptable'>): Refusal {
  return refuse('password_unacceptable', { reason });
}

/**
 * Whether almost nothing remains without the own words: `Acme-Telecom-2026!` for the partner Acme Telecom.
 *
 * Compares letters and digits in lower case. Own words of at least four characters are removed, the longest first;
 * fewer than six remaining characters are no secret.
 */
function isMadeOfOwnWords(password: string, ownWords: readonly string[]): boolean {
  const text = lettersAndDigits(password);
  const words = ownWords.flatMap(spellings).filter((word) => word.length >= OWN_WORD_LENGTH_MIN);
  // A space replaces each word, so that the text before and after it does not form a new word.
  const rest = words.sort((a, b) => b.length - a.length).reduce((left, word) => left.replaceAll(word, ' '), text);
  return rest !== text && lettersAndDigits(rest).length < REST_LENGTH_MIN;
}

/** `jane.doe@acme.example`: janedoe, jane, doe, acmeexample, acme, example. */
function spellings(ownWord: string): string[] {
  const sides = ownWord.split('@');
  return sides.flatMap((side) => [side, ...side.split(/[^\p{L}\p{M}\p{N}]+/u)]).map(lettersAndDigits);
}

function lettersAndDigits(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
