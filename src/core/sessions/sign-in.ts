import type { SecondFactor } from '#core/authenticators/assurance.ts';
import type { MfaDemand } from '#core/people/policy.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

/** Where a sign-in stands once the password is right. Only `complete` makes a session. */
export type SignInState = 'complete' | 'enrollment_offered' | 'enrollment_required' | 'second_factor_required';

/**
 * How a person stands to MFA. `enrolled`: an authenticator exists, a disabled, paused or undecryptable one too.
 * `awaits_access_code`: staff took it away, and the next one needs a temporary access code, used or over.
 */
export type MfaState = 'enrolled' | 'awaits_access_code' | 'none';

/** For how long "Not now" holds where MFA is optional. */
const SKIP_HOLDS_SECONDS = 30 * DAY_SECONDS;

/**
 * What stands between the right password and a session.
 *
 * An authenticator is always asked for, whatever the policy says, and so is a new one after a reset with a temporary access
 * code: else the password alone would sign in until the owner has used the code. "Not now" silences an offer without a date for 30 days,
 * and an offer with one for this sign-in only.
 *
 * @param now Unix seconds
 */
export function stateAfterPassword(
  person: { readonly demand: MfaDemand; readonly mfa: MfaState; readonly skippedAt?: number | undefined },
  now: number,
): SignInState {
  const { demand, mfa, skippedAt } = person;
  if (mfa === 'enrolled') return 'second_factor_required';
  if (mfa === 'awaits_access_code') return 'enrollment_required';
  switch (demand.kind) {
    case 'none':
      return 'complete';
    case 'required':
      return 'enrollment_required';
    case 'offered': {
      const isSilenced = skippedAt !== undefined && now < skippedAt + SKIP_HOLDS_SECONDS;
      return demand.deadlineAt === undefined && isSilenced ? 'complete' : 'enrollment_offered';
    }
  }
}

/** Whether "Not now" is an answer. */
export function isSkippable(state: SignInState): boolean {
  return state === 'enrollment_offered';
}

/**
 * The second factors that work at this moment; none unless one is asked for.
 *
 * @param signIn.totp whether a one-time code could be accepted now: not disabled, paused or undecryptable
 * @param signIn.recoveryCodesLeft unused codes; 0 while their own budget is used up
 */
export function signInMethods(signIn: {
  readonly state: SignInState;
  readonly totp: boolean;
  readonly recoveryCodesLeft: number;
}): readonly SecondFactor[] {
  if (signIn.state !== 'second_factor_required') return [];
  const methods: SecondFactor[] = [];
  if (signIn.totp) methods.push('totp');
  if (signIn.recoveryCodesLeft > 0) methods.push('recovery_code');
  return methods;
}
