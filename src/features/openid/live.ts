import { acrOf, isAtLeast } from '#core/authenticators/assurance.ts';
import { mfaDemand } from '#core/people/policy.ts';
import { isLiveSession } from '#core/sessions/session.ts';
import type { Grant } from '#store/oidc/grants.ts';

/**
 * Whether tokens of this grant are good now. What ended a session by a decision has deleted the grant; a session that is
 * over by itself ends all but what was granted with `offline_access`, and that after a password alone only for as long as
 * a session could live by one.
 */
export function isLiveGrant({ session, isOffline, expiresAt, user, partner, amr }: Grant, now: number): boolean {
  if (now >= expiresAt) return false;
  if (session !== undefined && isLiveSession(session, user.role, now)) return true;
  if (!isOffline) return false;
  if (isAtLeast(acrOf(amr), 'urn:sallyport:acr:mfa')) return true;
  return mfaDemand(partner, user.role, now, user.exemptUntil).kind !== 'required';
}
