import { isOpenTo, meetsAcr } from '#core/portals/forward-auth.ts';
import type { HostName } from '#core/portals/protected-host.ts';
import { isLiveSession, LAST_SEEN_EVERY_SECONDS } from '#core/sessions/session.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { findSiteSession, type SiteSession } from '#store/forward-auth/site-sessions.ts';
import { findSite } from '#store/forward-auth/sites.ts';
import { touchSession } from '#store/sessions/session-changes.ts';

/** The answer to a proxy about a request for a protected host. */
export type Verdict =
  | { readonly kind: 'granted'; readonly found: SiteSession }
  /** Nobody is signed in on this host, or the sign-in is weaker than the host requires. */
  | { readonly kind: 'signInFirst' }
  | { readonly kind: 'otherPartner' }
  | { readonly kind: 'unregistered' };

/** The person who is signed in on this host, even if the host requires more. One read. */
export async function findSignedIn(
  env: Env,
  host: HostName,
  token: string | undefined,
): Promise<SiteSession | undefined> {
  if (token === undefined) return undefined;
  const found = await findSiteSession(env.db.read, { host, tokenHash: tokenHash(token) });
  return found && isLiveSession(found, found.user.role, env.now()) ? found : undefined;
}

/**
 * Whether the signed-in person may enter this host. The rules of the host are read together with the session, so a
 * change applies to the next request.
 *
 * @param token the cookie of that host, if it is well formed
 */
export async function checkSite(env: Env, host: HostName, token: string | undefined): Promise<Verdict> {
  const found = await findSignedIn(env, host, token);
  if (found === undefined) {
    return { kind: (await findSite(env.db.read, host)) === undefined ? 'unregistered' : 'signInFirst' };
  }
  if (!isOpenTo(found.site, found.user.partnerId)) return { kind: 'otherPartner' };
  return meetsAcr(found.site, found.amr) ? { kind: 'granted', found } : { kind: 'signInFirst' };
}

/**
 * A page was opened, so the session is in use. Requests of scripts do not call this: they do not show that a person is
 * present. It runs beside the answer, like the note for our own pages.
 */
export function noteVisit(env: Env, { sessionId, lastSeenAt }: SiteSession): void {
  const now = env.now();
  if (now - lastSeenAt < LAST_SEEN_EVERY_SECONDS) return;
  env.db
    .transaction((tx) => touchSession(tx, sessionId, now))
    .catch((error: unknown) => env.log.warn({ err: error }, 'last use of a session was not noted'));
}
