import { needsPasskey } from './factors.ts';
import { demandOf, isLiveSession, isShutOut, type Model } from './model.ts';
import type { Grant, Host, IdToken, Person, Session, SiteCookie, Token } from './rows.ts';

/** A grant lives as long as its session. With `offline_access` it outlives the session's expiry, but nothing else. */
export function isLiveGrant(model: Model, { session, ...grant }: Grant): boolean {
  if (grant.ended || grant.client.isDisabled || model.now >= grant.expiresAt) return false;
  const { person, ended, outlived } = session;
  if (isShutOut(model, person) || (ended && !outlived)) return false;
  if (isLiveSession(model, session)) return true;
  if (!grant.hasPasskey && needsPasskey(model, person)) return false;
  return grant.isOffline && !(grant.isPasswordOnly && demandOf(model, person) === 'required');
}

/** Usable for its purpose: a used code or refresh token is not. */
export function isLiveToken(model: Model, { grant, usedAt, expiresAt }: Token): boolean {
  return usedAt === undefined && model.now < expiresAt && isLiveGrant(model, grant);
}

/** Whether a session may enter a protected host. */
export function mayEnter(model: Model, session: Session, { acr }: Host): boolean {
  if (!isLiveSession(model, session) || isShutOut(model, session.person)) return false;
  return acr === undefined || session.secondFactorAt !== undefined;
}

export function isLetIn(model: Model, { session, host, replaced }: SiteCookie): boolean {
  return !replaced && mayEnter(model, session, host);
}

/** The cookie with this value on this host, if it belongs to a session. */
export function cookieOf({ portals }: Model, host: Host, value: string | undefined): SiteCookie | undefined {
  return portals.cookies.find((cookie) => cookie.host === host && cookie.value === value);
}

/** A new session replaces one whose row still exists. Portals stay signed in, and its tickets are lost. */
export function moveSession({ portals }: Model, from: Session, to: Session): void {
  if (from.ended) return;
  from.ended = true;
  for (const held of [...portals.grants, ...portals.cookies]) if (held.session === from) held.session = to;
}

/** Whether an ID token belongs to this session, or to one that it replaced. */
export function isOfSession({ portals }: Model, { sid }: IdToken, session: Session): boolean {
  return (
    sid === session || portals.grants.some((grant) => grant.sid === sid && grant.session === session && !grant.ended)
  );
}

export function personOf({ grant }: Token): Person {
  return grant.session.person;
}
