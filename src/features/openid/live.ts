import { acrOf, isAtLeast } from '#core/authenticators/assurance.ts';
import { mfaDemand, needsPasskey } from '#core/people/policy.ts';
import { isLiveSession } from '#core/sessions/session.ts';
import type { Grant } from '#store/oidc/grants.ts';

/**
 * Whether tokens of this grant are valid now. Revoking a session deletes its grants. An expired session invalidates all
 * grants except those with `offline_access`. After a password alone, even these last only as long as such a session
 * could. On a trusted device they are no exception: it may skip a code, not lend a year of access where MFA is required.
 * Where the partner requires passkeys, the same holds for grants without one.
 */
export function isLiveGrant({ session, isOffline, expiresAt, user, partner, amr }: Grant, now: number): boolean {
  if (now >= expiresAt) return false;
  if (session !== undefined && isLiveSession(session, user.role, now)) return true;
  if (!isOffline) return false;
  const acr = acrOf(amr);
  if (acr !== 'phr' && needsPasskey(partner, false, now)) return false;
  if (isAtLeast(acr, 'urn:sallyport:acr:mfa')) return true;
  return mfaDemand(partner, user.role, now, user.exemptUntil).kind !== 'required';
}
