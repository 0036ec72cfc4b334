import type { SecondFactor } from '#core/authenticators/assurance.ts';
import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import type { MfaDemand } from '#core/people/policy.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

/** The state of a sign-in after the right password. Only `complete` creates a session. */
export type SignInState = 'complete' | 'enrollment_offered' | 'enrollment_required' | 'second_factor_required';

/**
 * The MFA state of a person. `enrolled`: an authenticator exists, even a disabled, paused or undecryptable one.
 * `awaits_access_code`: staff removed it; the next one needs a temporary access code, even a used or expired one.
 */
export type MfaState = 'enrolled' | 'awaits_access_code' | 'none';

/** How long "Not now" is valid if MFA is optional. */
const SKIP_HOLDS_SECONDS = 30 * DAY_SECONDS;

/**
 * What is needed between the right password and a session.
 *
 * An authenticator is always required, whatever the policy is. After a reset with a temporary access code a new one is
 * required too, because otherwise the password alone would be enough until the owner uses the code. "Not now" hides an
 * offer without a date for 30 days, and an offer with a date for this sign-in only.
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

/** Whether the person may choose "Not now". */
export function isSkippable(state: SignInState): boolean {
  return state === 'enrollment_offered';
}

/**
 * The second factors that work now; none unless one is required.
 *
 * @param signIn.kinds the kinds of authenticators that the person has and may use, the one to ask for first in front
 * @param signIn.totp whether a one-time code could be accepted now: not disabled, paused or undecryptable
 * @param signIn.passkey whether a passkey could be accepted now
 * @param signIn.recoveryCodesLeft unused codes; 0 while their own budget is used up
 */
export function signInMethods(signIn: {
  readonly state: SignInState;
  readonly kinds: readonly AuthenticatorKind[];
  readonly totp: boolean;
  readonly passkey: boolean;
  readonly recoveryCodesLeft: number;
}): readonly SecondFactor[] {
  if (signIn.state !== 'second_factor_required') return [];
  const methods: SecondFactor[] = signIn.kinds.filter((kind) => signIn[kind]);
  if (signIn.recoveryCodesLeft > 0) methods.push('recovery_code');
  return methods;
}
