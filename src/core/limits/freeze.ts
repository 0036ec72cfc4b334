const HOUR = 60 * 60;

/**
 * Until when the authenticator, the recovery codes and the email of a person stay as they are after a new password by mail link;
 * `undefined` when nothing is frozen.
 *
 * A person who reads the mail and has got hold of one code must not be able to make that lasting before the owner has read the
 * mail too. An authenticator that was set up after the reset is not frozen: there was nothing to protect.
 *
 * @param hours of the freeze; 0 for none
 */
export function frozenUntil(
  { passwordResetAt }: { readonly passwordResetAt?: number | undefined },
  authenticator: { readonly createdAt: number } | undefined,
  hours: number,
  now: number,
): number | undefined {
  if (passwordResetAt === undefined || authenticator === undefined) return undefined;
  if (authenticator.createdAt > passwordResetAt) return undefined;
  const until = passwordResetAt + hours * HOUR;
  return now < until ? until : undefined;
}
