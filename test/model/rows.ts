import type { Role } from '#core/people/policy.ts';

export type Person = {
  readonly id: string;
  email: string;
  readonly isStaff: boolean;
  role: Role;
  /** None of those who were invited, and after a change of email was taken back none that anybody knows. */
  password: string | undefined;
  /** The one before it. */
  oldPassword: string | undefined;
  /** Has never had a password. */
  isInvited: boolean;
  isDisabled: boolean;
  exemptUntil: number | undefined;
  skippedAt: number | undefined;
  authenticator: Authenticator | undefined;
  /** Every code of the set, and whether it was used. */
  codes: Map<string, boolean>;
  /** Until when the set can be shown again, unless Done comes first. */
  copyUntil: number | undefined;
  /** What the next enrollment asks for, used, over or not. */
  accessCode: AccessCode | undefined;
};

export type AccessCode = {
  readonly code: string;
  /** The one that it took the place of. */
  readonly before: string | undefined;
  readonly expiresAt: number;
  tries: number;
  usedBy: Pending | Session | undefined;
};

export type Authenticator = { readonly key: string; readonly secret: string; lastUsedStep: number };

/** A secret shown and not yet confirmed. */
export type Shown = { readonly secret: string; readonly expiresAt: number; tries: number };

export type Owner = {
  readonly person: Person;
  readonly channel: 'api' | 'page';
  token: string;
  readonly createdAt: number;
  expiresAt: number;
  deviceId: string | undefined;
  shown: Shown | undefined;
  /** Its row is gone, or used up. */
  ended: boolean;
};

export type Pending = Owner & {
  tries: number;
  skippable: boolean;
  /** The session of the same person in this browser, which the finished sign-in takes the place of. */
  replaced: Session | undefined;
};

export type Session = Owner & {
  lastSeenAt: number;
  amr: readonly string[];
  secondFactorAt: number | undefined;
  authTime: number;
  stepUpAt: number | undefined;
  stepUpMethod: 'totp' | 'recovery_code' | 'password' | undefined;
  /** It was over by itself when its row went: what was granted beyond it lives on. */
  outlived: boolean;
};

/** The values of its cookies: of the person who was last here, live or not. */
export type Browser = {
  readonly address: string;
  /** It stays the same for as long as the browser is open. */
  form: string | undefined;
  device: string | undefined;
  pending: Pending | undefined;
  session: Session | undefined;
  /** Its cookies on protected hosts. */
  readonly sites: Map<string, string>;
};

/** What works once: to set a password, to accept an invitation, to confirm a new email and to go back to an old one. */
export type Link = {
  readonly purpose: 'reset' | 'invitation' | 'confirm' | 'revert';
  readonly person: Person;
  readonly path: string;
  readonly expiresAt: number;
  /** After the change. */
  readonly email?: string;
  dead: boolean;
};

/** A browser that is known for one person. */
export type Device = {
  readonly id: string;
  readonly token: string;
  readonly person: Person;
  readonly expiresAt: number;
};

/** And a program with a key, and a manager who does nothing but what managers do to others. */
export type Partner = { readonly [name in 'id' | 'slug' | 'managerId' | 'key']: string };

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
