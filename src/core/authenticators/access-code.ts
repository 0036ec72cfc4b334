const MINUTE = 60;

/** The shortest and the longest life of a temporary access code, and the one that is offered first. */
export const ACCESS_CODE_MINUTES = { least: 10, most: 24 * 60, usual: 60 } as const;

/** Tries at one code. It has 80 bits: they are for slips of the hand, and a stranger's run at it ends here. */
export const ACCESS_CODE_TRIES = 10;

/** When a code made now is over, or `undefined` for a life that is too short, too long or no whole number of minutes. */
export function accessCodeExpiresAt(minutes: number, now: number): number | undefined {
  const { least, most } = ACCESS_CODE_MINUTES;
  return Number.isInteger(minutes) && minutes >= least && minutes <= most ? now + minutes * MINUTE : undefined;
}

/**
 * Whether a secret may be shown to this owner, a pending sign-in or a session.
 *
 * While a code is there it gates every enrollment of the person, when it is over too: else a thief with the password
 * would only have to wait. Once used it opens to the one owner that used it.
 */
export function opensEnrollment(code: { readonly usedBy: string | undefined } | undefined, ownerId: string): boolean {
  return code === undefined || code.usedBy === ownerId;
}
