import { isOpenTo, meetsAcr } from '#core/portals/forward-auth.ts';
import type { HostName } from '#core/portals/protected-host.ts';
import { isLiveSession, LAST_SEEN_EVERY_SECONDS } from '#core/sessions/session.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { findSiteSession, type SiteSession } from '#store/forward-auth/site-sessions.ts';
import { findSite } from '#store/forward-auth/sites.ts';
import { touchSession } from '#store/sessions/session-changes.ts';

/** What a proxy is told about a request for a protected host. */
export type Verdict =
  | { readonly kind: 'granted'; readonly found: SiteSession }
  /** Nobody is signed in there, or not as the host asks for. */
  | { readonly kind: 'signInFirst' }
  | { readonly kind: 'otherPartner' }
  | { readonly kind: 'unregistered' };

/** Who is signed in on this host, whether or not that is enough for it. One read. */
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
 * Whether the person who is signed in on this host may enter it. What the host asks for and who may enter is read together with
 * the session, so that a change holds from the next request on.
 *
 * @param token the cookie of that host, where it has the shape of one
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
 * A page was opened: the session is in use. What a script polls says nothing about the person in front of it, so it does
 * not call this. Beside the answer, as the use of our own pages is noted.
 */
export function noteVisit(env: Env, { sessionId, lastSeenAt }: SiteSession): void {
  const now = env.now();
  if (now - lastSeenAt < LAST_SEEN_EVERY_SECONDS) return;
  env.db
    .transaction((tx) => touchSession(tx, sessionId, now))
    .catch((error: unknown) => env.log.warn({ err: error }, 'last use of a session was not noted'));
}
