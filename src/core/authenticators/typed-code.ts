import { type ReasonOf, type Refusal, refuse } from '#core/values/result.ts';
import { normalizeRecoveryCode } from './recovery-code.ts';
import { normalizeOneTimeCode } from './totp.ts';

/**
 * The six digits of what was typed as a one-time code, or why it is none: malformed, never counted as a try.
 *
 * A recovery code in this field is known by its shape (`reason: 'looks_like_recovery_code'`): the answer is then the
 * link to its own page.
 */
export function readOneTimeCode(typed = ''): string | Refusal {
  const isOther = normalizeRecoveryCode(typed) !== undefined;
  return normalizeOneTimeCode(typed) ?? malformed(isOther, 'looks_like_recovery_code');
}

/** The 16 characters of what was typed as a recovery code; the same the other way round (`looks_like_one_time_code`). */
export function readRecoveryCode(typed = ''): string | Refusal {
  const isOther = normalizeOneTimeCode(typed) !== undefined;
  return normalizeRecoveryCode(typed) ?? malformed(isOther, 'looks_like_one_time_code');
}

function malformed(isOther: boolean, reason: ReasonOf<'invalid_request'>): Refusal {
  return refuse('invalid_request', isOther ? { reason } : {});
}
