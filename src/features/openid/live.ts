import { isLiveSession } from '#core/sessions/session.ts';
import type { Grant } from '#store/oidc/grants.ts';

/**
 * Whether tokens of this grant are good now. What ended a session by a decision has deleted the grant; a session that is
 * over by itself ends all but what was granted with `offline_access`.
 */
export function isLiveGrant({ session, isOffline, expiresAt, user }: Grant, now: number): boolean {
  if (now >= expiresAt) return false;
  return isOffline || (session !== undefined && isLiveSession(session, user.role, now));
}
