import type { SecondFactor } from '#core/assurance.ts';
import { type MfaState, type SignInState, signInMethods, stateAfterPassword } from '#core/sign-in.ts';
import { isDisabled, pausedSeconds, RULES } from '#core/throttle.ts';
import type { Env } from '#env.ts';
import { findTries } from '#store/attempts.ts';
import { findAuthenticator } from '#store/authenticators.ts';
import type { PendingSignIn } from '#store/pending-sign-ins.ts';
import { countRecoveryCodesLeft } from '#store/recovery-codes.ts';
import { deadlineIn, demandOf } from './begin-sign-in.ts';
import { openSecret } from './check-one-time-code.ts';
import { oneTimeCodeKey, recoveryCodeKey } from './lanes.ts';

/** Where a pending sign-in stands now: policy and authenticators are read anew each time, nothing is remembered. */
export function stateOf(pending: PendingSignIn, now: number): Exclude<SignInState, 'complete'> {
  const demand = demandOf(pending, now);
  const mfa = mfaIn(pending);
  // "Not now" ends a pending sign-in, so an open one has not been skipped; a policy switched off leaves an offer.
  const state = stateAfterPassword({ demand, mfa }, now);
  return state === 'complete' ? 'enrollment_offered' : state;
}

/** Until when the enrollment can wait, where there is a date. */
export function deadlineOf(pending: PendingSignIn, now: number): number | undefined {
  return deadlineIn(demandOf(pending, now), mfaIn(pending));
}

/** What `mfaOfPerson` answers, as it came with the pending sign-in in one statement. */
function mfaIn({ authenticatorId, awaitsAccessCode }: PendingSignIn): MfaState {
  if (authenticatorId !== undefined) return 'enrolled';
  return awaitsAccessCode ? 'awaits_access_code' : 'none';
}

/** The second factors that work now on this device. */
export async function methodsOf(env: Env, pending: PendingSignIn): Promise<readonly SecondFactor[]> {
  const { user, authenticatorId, deviceId } = pending;
  if (authenticatorId === undefined) return [];
  return workingMethods(env, { userId: user.id, authenticatorId, deviceId });
}

/** The same right after the password, before the pending sign-in was ever read back. */
export async function workingMethods(
  env: Env,
  of: { userId: string; authenticatorId: string; deviceId: string | undefined },
): Promise<readonly SecondFactor[]> {
  const now = env.now();
  const { read } = env.db;
  const codes = await findTries(read, oneTimeCodeKey(of.authenticatorId, of.deviceId));
  const recovery = await findTries(read, recoveryCodeKey(of.userId, of.deviceId));
  const left = await countRecoveryCodesLeft(read, of.userId);
  const authenticator = await findAuthenticator(read, of.userId);
  const isOpen = !isDisabled(RULES.oneTimeCode, codes) && pausedSeconds(RULES.oneTimeCode, codes, now) === 0;
  return signInMethods({
    state: 'second_factor_required',
    totp: isOpen && authenticator !== undefined && openSecret(env, authenticator) !== undefined,
    recoveryCodesLeft: pausedSeconds(RULES.recoveryCode, recovery, now) === 0 ? left : 0,
  });
}
