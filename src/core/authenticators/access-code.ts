const MINUTE = 60;

/** The shortest and longest life of a temporary access code, and the default. */
export const ACCESS_CODE_MINUTES = { least: 10, most: 24 * 60, usual: 60 } as const;

/** Tries for one code. The code has 80 bits, so ten tries forgive typing mistakes and stop a stranger who guesses. */
export const ACCESS_CODE_TRIES = 10;

/** When a code made now expires; `undefined` if its life is too short, too long or no whole number of minutes. */
export function accessCodeExpiresAt(minutes: number, now: number): number | undefined {
  const { least, most } = ACCESS_CODE_MINUTES;
  return Number.isInteger(minutes) && minutes >= least && minutes <= most ? now + minutes * MINUTE : undefined;
}

/**
 * Whether this owner, a pending sign-in or a session, may see a secret.
 *
 * A code blocks every enrollment of the person, also after it expires; otherwise a thief with the password would only
 * have to wait. A used code allows only the owner that used it.
 */
export function opensEnrollment(code: { readonly usedBy: string | undefined } | undefined, ownerId: string): boolean {
  return code === undefined || code.usedBy === ownerId;
}
