import { type Browser, demandOf, isLiveSession, isShutOut, type Model, type Person, type Session } from './model.ts';

/** What people are signed in to by their session with us: clients of OpenID Connect and protected hosts. */
export type Portals = {
  readonly clients: readonly PortalClient[];
  readonly grants: Grant[];
  readonly tokens: Token[];
  readonly idTokens: IdToken[];
  readonly tickets: Ticket[];
  readonly cookies: SiteCookie[];
};

export type PortalClient = { readonly id: string; readonly secret: string; isDisabled: boolean };

/** One authorization of a client. */
export type Grant = {
  readonly client: PortalClient;
  /** The session in which it was given: the client knows it under that name for ever. */
  readonly sid: Session;
  /** The one that it hangs on now. */
  session: Session;
  readonly isOffline: boolean;
  /** As the session was when it was given. */
  readonly isPasswordOnly: boolean;
  readonly expiresAt: number;
  ended: boolean;
};

/** A code or a token: what the client holds of a grant. */
export type Token = {
  readonly kind: 'code' | 'access' | 'refresh';
  readonly value: string;
  readonly grant: Grant;
  readonly expiresAt: number;
  usedAt: number | undefined;
  /** The refresh token that took its place. */
  successor: string | undefined;
};

export type IdToken = { readonly value: string; readonly sid: Session };

/** The way from us to a protected host, for the cookie that the browser had there. */
export type Ticket = {
  readonly path: string;
  readonly host: Host;
  readonly browser: Browser;
  readonly cookie: string | undefined;
  readonly session: Session;
  readonly expiresAt: number;
  used: boolean;
};

export type SiteCookie = {
  readonly value: string;
  readonly host: Host;
  session: Session;
  /** Another one of the same session came after it. */
  replaced: boolean;
};

/** One for everybody, and one that asks for a second factor. */
export const HOSTS = [
  { host: 'open.example.com', acr: undefined },
  { host: 'payouts.example.com', acr: 'mfa' },
] as const;

export type Host = (typeof HOSTS)[number];

export function newPortals(clients: readonly PortalClient[]): Portals {
  return { clients, grants: [], tokens: [], idTokens: [], tickets: [], cookies: [] };
}

/** A grant lives with its session; with `offline_access` beyond the natural end of that, and beyond nothing else. */
export function isLiveGrant(model: Model, { session, ...grant }: Grant): boolean {
  if (grant.ended || grant.client.isDisabled || model.now >= grant.expiresAt) return false;
  const { person, ended, outlived } = session;
  if (isShutOut(model, person) || (ended && !outlived)) return false;
  if (isLiveSession(model, session)) return true;
  return grant.isOffline && !(grant.isPasswordOnly && demandOf(model, person) === 'required');
}

/** Good for what it is for: a code or a refresh token that was used is not. */
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

/** The cookie of this value on this host, where it stands for a session. */
export function cookieOf({ portals }: Model, host: Host, value: string | undefined): SiteCookie | undefined {
  return portals.cookies.find((cookie) => cookie.host === host && cookie.value === value);
}

/** A new session takes the place of one whose row is still there: portals stay signed in, and its tickets are lost. */
export function moveSession({ portals }: Model, from: Session, to: Session): void {
  if (from.ended) return;
  from.ended = true;
  for (const held of [...portals.grants, ...portals.cookies]) if (held.session === from) held.session = to;
}

/** Whether an ID token is of this session, or of one that it took the place of. */
export function isOfSession({ portals }: Model, { sid }: IdToken, session: Session): boolean {
  return (
    sid === session || portals.grants.some((grant) => grant.sid === sid && grant.session === session && !grant.ended)
  );
}

export function personOf({ grant }: Token): Person {
  return grant.session.person;
}
