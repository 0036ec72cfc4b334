import { type ReasonOf, type Refusal, refuse } from '#core/values/result.ts';
import { normalizeRecoveryCode } from './recovery-code.ts';
import { normalizeOneTimeCode } from './totp.ts';

/**
 * The six digits of a typed one-time code, or a refusal if it is malformed, which never counts as a try.
 *
 * A recovery code in this field is recognised by its shape (`reason: 'looks_like_recovery_code'`); the page then links
 * to the right page.
 */
export function readOneTimeCode(typed = ''): string | Refusal {
  const isOther = normalizeRecoveryCode(typed) !== undefined;
  return normalizeOneTimeCode(typed) ?? malformed(isOther, 'looks_like_recovery_code');
}

/** The 16 characters of a typed recovery code, with the opposite check (`looks_like_one_time_code`). */
export function readRecoveryCode(typed = ''): string | Refusal {
  const isOther = normalizeOneTimeCode(typed) !== undefined;
  return normalizeRecoveryCode(typed) ?? malformed(isOther, 'looks_like_one_time_code');
}

function malformed(isOther: boolean, reason: ReasonOf<'invalid_request'>): Refusal {
  return refuse('invalid_request', isOther ? { reason } : {});
}
