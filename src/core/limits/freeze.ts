const HOUR = 60 * 60;

/**
 * When the freeze of a person's authenticator, recovery codes and email ends after a new password by mail link;
 * `undefined` if nothing is frozen.
 *
 * Somebody who reads the mail and has one code must not be able to take the account over before the owner has read the
 * mail too. If the oldest authenticator was set up after the reset, nothing is frozen: there was nothing to protect.
 *
 * @param hours of the freeze; 0 for none
 */
export function frozenUntil(
  { passwordResetAt }: { readonly passwordResetAt?: number | undefined },
  factors: { readonly enrolledAt: number } | undefined,
  hours: number,
  now: number,
): number | undefined {
  if (passwordResetAt === undefined || factors === undefined) return undefined;
  if (factors.enrolledAt > passwordResetAt) return undefined;
  const until = passwordResetAt + hours * HOUR;
  return now < until ? until : undefined;
}
