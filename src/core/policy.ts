/** What a partner asks of its people. */
export type MfaPolicy = 'off' | 'optional' | 'required';

export type Role = 'member' | 'manager' | 'csm' | 'admin';

/** What the policy asks of one person now; whoever has an authenticator is asked for it whatever this says. */
export type MfaDemand =
  | { readonly kind: 'none' }
  | { readonly kind: 'offered'; readonly deadlineAt?: number }
  | { readonly kind: 'required' };

/**
 * Whether this person has to have MFA, is offered it, or neither.
 *
 * Staff always have to. `required` from a date is an offer with that date until then.
 *
 * @param partner its policy and the first second (Unix) at which `required` holds; absent: since ever. Staff have none,
 *   and whoever else had none would be asked like staff.
 * @param now Unix seconds
 */
export function mfaDemand(
  partner: { readonly policy: MfaPolicy; readonly requiredFrom?: number | undefined } | undefined,
  role: Role,
  now: number,
): MfaDemand {
  if (partner === undefined || isStaff(role)) return { kind: 'required' };
  const { policy, requiredFrom } = partner;
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

/** Staff belong to the portal's owner and to no partner. */
export function isStaff(role: Role): boolean {
  return role === 'csm' || role === 'admin';
}
