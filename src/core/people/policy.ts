import type { AuthenticatorKind } from '#core/authenticators/factors.ts';

/** What a partner requires from its people. */
export type MfaPolicy = 'off' | 'optional' | 'required';

export type Role = 'member' | 'manager' | StaffRole;

export type StaffRole = 'csm' | 'admin';

/**
 * Whether passkeys count as a second factor: never, as well as an authenticator app, or alone, because only a passkey
 * resists phishing.
 */
export type PasskeyPolicy = 'off' | 'allowed' | 'required';

/** What the policy requires from one person now. A person with an authenticator must always use it. */
export type MfaDemand =
  | { readonly kind: 'none' }
  | { readonly kind: 'offered'; readonly deadlineAt?: number }
  | { readonly kind: 'required' };

/**
 * A partner's policy and the first second (Unix) at which `required` applies; absent: it applies already. Staff have no
 * partner; another person without one would be treated like staff.
 */
type PolicyOf = { readonly policy: MfaPolicy; readonly requiredFrom?: number | undefined } | undefined;

/**
 * Whether this person must have MFA, is offered it, or neither.
 *
 * Staff always must. `required` from a date is an offer with that date until then. An exempt person need not enroll
 * until the exemption expires; then the policy applies again.
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

/** What the policy asks of a person, and until when it does not. */
export type ToldDemand =
  | { readonly kind: 'staff' | 'off' }
  | { readonly kind: 'exempt'; readonly until: number }
  | { readonly kind: 'from'; readonly partner: string; readonly at: number }
  | { readonly kind: 'required' | 'optional'; readonly partner: string };

type Asked = {
  readonly user: { readonly role: Role; readonly exemptUntil?: number | undefined };
  readonly partner: (NonNullable<PolicyOf> & { readonly name: string }) | undefined;
};

/** The same rules as `mfaDemand`, with what a person wants to know about them. */
export function toldDemand({ user, partner }: Asked, now: number): ToldDemand {
  if (partner === undefined || isStaff(user.role)) return { kind: 'staff' };
  const { name, policy, requiredFrom } = partner;
  if (policy === 'off') return { kind: 'off' };
  if (policy === 'optional') return { kind: 'optional', partner: name };
  const { exemptUntil } = user;
  if (exemptUntil !== undefined && isExempt(exemptUntil, now)) return { kind: 'exempt', until: exemptUntil };
  const isAhead = requiredFrom !== undefined && now < requiredFrom;
  return isAhead ? { kind: 'from', partner: name, at: requiredFrom } : { kind: 'required', partner: name };
}

export function isExempt(exemptUntil: number | undefined, now: number): boolean {
  return exemptUntil !== undefined && now < exemptUntil;
}

/**
 * When a session without a second factor must end: at the date of the policy or the end of the exemption, whichever is
 * later. `undefined` if nothing limits it.
 */
export function secondFactorFrom(partner: PolicyOf, exemptUntil: number | undefined): number | undefined {
  if (partner?.policy !== 'required') return undefined;
  const { requiredFrom } = partner;
  if (requiredFrom === undefined || exemptUntil === undefined) return requiredFrom ?? exemptUntil;
  return Math.max(requiredFrom, exemptUntil);
}

/** Absent: `allowed`. From `passkeyRequiredFrom` on (Unix seconds) `required` applies; absent: it applies already. */
type PasskeyPolicyOf =
  | { readonly passkeyPolicy?: PasskeyPolicy | undefined; readonly passkeyRequiredFrom?: number | undefined }
  | undefined;

/**
 * Whether this person's second factor must be a passkey now.
 *
 * @param staffMust the setting for staff, who have no partner
 */
export function needsPasskey(partner: PasskeyPolicyOf, staffMust: boolean, now: number): boolean {
  if (partner === undefined) return staffMust;
  const { passkeyPolicy, passkeyRequiredFrom } = partner;
  return passkeyPolicy === 'required' && (passkeyRequiredFrom === undefined || passkeyRequiredFrom <= now);
}

/**
 * When a session without a passkey must end: at the date of the policy, while it is ahead. `undefined` if nothing limits
 * it.
 */
export function passkeyFrom(partner: PasskeyPolicyOf, now: number): number | undefined {
  const { passkeyPolicy, passkeyRequiredFrom } = partner ?? {};
  const isAhead = passkeyPolicy === 'required' && passkeyRequiredFrom !== undefined && passkeyRequiredFrom > now;
  return isAhead ? passkeyRequiredFrom : undefined;
}

/** The kinds of authenticators that this person may set up now; of those that they have, the others do not count. */
export function allowedKinds(partner: PasskeyPolicyOf, staffMust: boolean, now: number): readonly AuthenticatorKind[] {
  if (needsPasskey(partner, staffMust, now)) return ['passkey'];
  return partner?.passkeyPolicy === 'off' ? ['totp'] : ['totp', 'passkey'];
}

/**
 * The kinds that this person can prove now, of those that they have.
 *
 * Where a passkey is needed, a person who has none proves an app and then sets a passkey up; one who has both cannot
 * use the app, because a page that imitates ours would get its code.
 */
export function usableKinds(
  has: readonly AuthenticatorKind[],
  partner: PasskeyPolicyOf,
  staffMust: boolean,
  now: number,
): readonly AuthenticatorKind[] {
  if (!needsPasskey(partner, staffMust, now))
    return has.filter((kind) => allowedKinds(partner, staffMust, now).includes(kind));
  return has.includes('passkey') ? ['passkey'] : has;
}

/** Staff belong to the owner of the portal and to no partner. */
export function isStaff(role: Role): role is StaffRole {
  return role === 'csm' || role === 'admin';
}
