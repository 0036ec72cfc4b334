/**
 * I1 acknowledged changes persist · I2 nothing is used twice, no limit is exceeded · I3 an act happens completely or
 * not at all · I4 an unacknowledged act happened once or not at all · I5 the next correct sign-in succeeds.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5';

/** A violation of an invariant. */
export type Finding = { readonly invariant: Invariant; readonly about: string; readonly what: string };

export function finding(invariant: Invariant, about: string, what: string): Finding {
  return { invariant, about, what };
}

export function only(...findings: readonly (Finding | undefined)[]): readonly Finding[] {
  return findings.filter((one) => one !== undefined);
}
