/**
 * I1 what was acknowledged holds · I2 nothing is used twice, no budget is outrun · I3 all of an act or none of it ·
 * I4 what was not acknowledged happened once or not at all · I5 the next right sign-in succeeds.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5';

/** Something that must not be. */
export type Finding = { readonly invariant: Invariant; readonly about: string; readonly what: string };

export function finding(invariant: Invariant, about: string, what: string): Finding {
  return { invariant, about, what };
}

export function only(...findings: readonly (Finding | undefined)[]): readonly Finding[] {
  return findings.filter((one) => one !== undefined);
}
