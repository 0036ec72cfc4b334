/** What a partner asks of its people. */
export type MfaPolicy = 'off' | 'optional' | 'required';

export type Role = 'member' | 'manager' | StaffRole;

export type StaffRole = 'csm' | 'admin';

/** What the policy asks of one person now. A person who has an authenticator is asked for it in any case. */
export type MfaDemand =
  | { readonly kind: 'none' }
  | { readonly kind: 'offered'; readonly deadlineAt?: number }
  | { readonly kind: 'required' };

/**
 * A partner's policy and the first second (Unix) at which `required` holds; absent: it holds already. Staff have no partner;
 * any other person without one would be asked like staff.
 */
type PolicyOf = { readonly policy: MfaPolicy; readonly requiredFrom?: number | undefined } | undefined;

/**
 * Whether this person has to have MFA, is offered it, or neither.
 *
 * Staff always have to. `required` from a date is an offer with that date until then. An exempt person is asked
 * for nothing until the exemption ends by itself: then the policy holds again.
 *
 * @param now Unix seconds
 * @param exemptUntil Unix seconds; absent for a person who was never exempt
 */
export function mfaDemand(partner: PolicyOf, role: Role, now: number, exemptUntil?: number | undefined): MfaDemand {
  if (partner === undefined || isStaff(role)) return { kind: 'required' };
  const { policy, requiredFrom } = partner;
  if (isExempt(exemptUntil, now)) return { kind: 'none' };
  switch (policy) {
    case 'off':
      return { kind: 'none' };
    case 'optional':
      return { kind: 'offered' };
    case 'required':
      return requiredFrom !== undefined && now < requiredFrom
        ? { kind: 'offered', deadlineAt: requiredFrom }
        : { kind: 'required' };
  }
}

export function isExempt(exemptUntil: number | undefined, now: number): boolean {
  return exemptUntil !== undefined && now < exemptUntil;
}

/**
 * From when on a session of this person that no second factor opened may not live: the date of the policy or the end of
 * the exemption, whichever is later. `undefined` when nothing sets an end to it.
 */
export function secondFactorFrom(partner: PolicyOf, exemptUntil: number | undefined): number | undefined {
  if (partner?.policy !== 'required') return undefined;
  const { requiredFrom } = partner;
  if (requiredFrom === undefined || exemptUntil === undefined) return requiredFrom ?? exemptUntil;
  return Math.max(requiredFrom, exemptUntil);
}

/** Staff belong to the portal's owner and to no partner. */
export function isStaff(role: Role): role is StaffRole {
  return role === 'csm' || role === 'admin';
}
