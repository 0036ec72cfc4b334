import type { SecondFactor } from '#core/authenticators/assurance.ts';
import { isDisabled, pausedSeconds } from '#core/limits/throttle.ts';
import { type MfaState, type SignInState, signInMethods, stateAfterPassword } from '#core/sessions/sign-in.ts';
import type { Env } from '#env.ts';
import { provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { openSecret } from '#flows/authenticators/check-one-time-code.ts';
import { factorsOf, type PersonFactors } from '#store/authenticators/authenticators.ts';
import { countRecoveryCodesLeft } from '#store/authenticators/recovery-codes.ts';
import { checkTries, findTries } from '#store/limits/attempts.ts';
import type { Person } from '#store/people/users.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { oneTimeCodeCounter, passkeyCounter, recoveryCodeCounter } from './attempt-counters.ts';
import { deadlineIn, demandOf } from './begin-sign-in.ts';

/** The state of a pending sign-in. Policy and authenticators are read each time; nothing is cached. */
export function stateOf(pending: PendingSignIn, now: number): Exclude<SignInState, 'complete'> {
  if (pending.proven !== undefined) return 'enrollment_required';
  const demand = demandOf(pending, now);
  const mfa = mfaIn(pending);
  // "Not now" deletes a pending sign-in, so an open one was not skipped. If MFA was switched off, an offer remains.
  const state = stateAfterPassword({ demand, mfa }, now);
  return state === 'complete' ? 'enrollment_offered' : state;
}

/** When the enrollment has to be done, if there is a date. */
export function deadlineOf(pending: PendingSignIn, now: number): number | undefined {
  return deadlineIn(demandOf(pending, now), mfaIn(pending));
}

/** The same as `mfaOfPerson`, from columns that were read with the pending sign-in. */
function mfaIn({ budgetId, awaitsAccessCode }: PendingSignIn): MfaState {
  if (budgetId !== undefined) return 'enrolled';
  return awaitsAccessCode ? 'awaits_access_code' : 'none';
}

/** The second factors that work now on this device. */
export async function methodsOf(env: Env, pending: PendingSignIn): Promise<readonly SecondFactor[]> {
  const { user, partner, budgetId, deviceId } = pending;
  if (budgetId === undefined || pending.proven !== undefined) return [];
  return workingMethods(env, { person: { user, partner }, deviceId });
}

/** The same right after the password, before the pending sign-in is read from the database. */
export async function workingMethods(
  env: Env,
  { person, deviceId }: { person: Person; deviceId: string | undefined },
): Promise<readonly SecondFactor[]> {
  const now = env.now();
  const { read } = env.db;
  const { id: userId } = person.user;
  const factors = await factorsOf(read, userId);
  if (!factors) return [];
  const codes = oneTimeCodeCounter(factors.budgetId, deviceId);
  const recovery = recoveryCodeCounter(userId, deviceId);
  const codeTries = await findTries(read, codes.key);
  const recoveryTries = await findTries(read, recovery.key);
  const left = await countRecoveryCodesLeft(read, userId);
  const isOpen = !isDisabled(codes.rule, codeTries) && pausedSeconds(codes.rule, codeTries, now) === 0;
  return signInMethods({
    state: 'second_factor_required',
    kinds: provableKinds(env, person, factors),
    passkey: (await checkTries(read, [passkeyCounter(userId, deviceId)], now)) === undefined,
    totp: isOpen && canReadAny(env, factors),
    recoveryCodesLeft: pausedSeconds(recovery.rule, recoveryTries, now) === 0 ? left : 0,
  });
}

/** Whether one of the secrets decrypts, so that its codes can be compared. */
function canReadAny(env: Env, { apps }: PersonFactors): boolean {
  return apps.some((app) => openSecret(env, app) !== undefined);
}
