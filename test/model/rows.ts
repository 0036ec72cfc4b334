import type { CreationOptions, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import type { Role } from '#core/people/policy.ts';
import type { Authenticator } from '../authenticator/create.ts';

export type Person = {
  readonly id: string;
  email: string;
  readonly isStaff: boolean;
  role: Role;
  /** Undefined for an invited person, and after a reverted email change, because then nobody knows it. */
  password: string | undefined;
  /** The previous password. */
  oldPassword: string | undefined;
  /** Has never had a password. */
  isInvited: boolean;
  isDisabled: boolean;
  exemptUntil: number | undefined;
  skippedAt: number | undefined;
  /** Oldest first. */
  factors: Factor[];
  /** Every code of the set, and whether it was used. */
  codes: Map<string, boolean>;
  /** The set can be shown again until then, unless Done comes first. */
  copyUntil: number | undefined;
  /** The code that the next enrollment requires: unused, used or expired. */
  accessCode: AccessCode | undefined;
};

export type AccessCode = {
  readonly code: string;
  /** The previous access code, which it replaced. */
  readonly before: string | undefined;
  readonly expiresAt: number;
  tries: number;
  usedBy: Pending | Session | undefined;
};

export type Factor = App | Passkey;

type Named = { readonly slot: number; name: string | undefined; lastUsedAt: number | undefined };

export type App = Named & { readonly kind: 'totp'; readonly secret: string; lastUsedStep: number };

/** With the device that has its key, and the counter that the service stored. */
export type Passkey = Named & {
  readonly kind: 'passkey';
  readonly device: Authenticator;
  readonly credentialId: string;
  readonly isSynced: boolean;
  counter: number;
};

/** A shown secret that is not confirmed yet. */
export type Shown = { readonly secret: string; readonly expiresAt: number; tries: number; name: string | undefined };

/** A challenge for a passkey: with whom, and in which browser, it can be answered. */
export type Challenge = {
  readonly purpose: 'enrollment' | 'second_factor' | 'step_up' | 'sign_in';
  readonly owner: Owner | undefined;
  readonly form: string | undefined;
  readonly options: CreationOptions & RequestOptions;
  readonly name: string | undefined;
  readonly expiresAt: number;
  /** Used, or deleted with what it belonged to. */
  gone: boolean;
};

export type Owner = {
  readonly person: Person;
  readonly channel: 'api' | 'page';
  token: string;
  readonly createdAt: number;
  expiresAt: number;
  deviceId: string | undefined;
  shown: Shown | undefined;
  /** Its row is deleted or used up. */
  ended: boolean;
};

export type Pending = Owner & {
  tries: number;
  skippable: boolean;
  /** The factor that was proven, if a passkey must be set up as well. */
  proven: 'totp' | 'recovery_code' | undefined;
  /** The same person's session in this browser, which the finished sign-in replaces. */
  replaced: Session | undefined;
};

export type Session = Owner & {
  lastSeenAt: number;
  amr: readonly string[];
  secondFactorAt: number | undefined;
  authTime: number;
  stepUpAt: number | undefined;
  stepUpMethod: 'totp' | 'recovery_code' | 'passkey' | 'password' | undefined;
  /** It had expired when its row was deleted, so its offline grants live on. */
  outlived: boolean;
  /** The trusted device that opened it. */
  trusted: string | undefined;
};

/** The values of its cookies, from the last person here, live or not. */
export type Browser = {
  readonly address: string;
  /** The same while the browser is open. */
  form: string | undefined;
  device: string | undefined;
  trust: string | undefined;
  pending: Pending | undefined;
  session: Session | undefined;
  /** Its cookies on protected hosts. */
  readonly sites: Map<string, string>;
};

/** A passkey that was made once, and whose. */
export type Key = Passkey & { readonly person: Person };

/** What a device answered, or what a thief made of it. */
export type Signed = {
  readonly key: Key;
  readonly challenge: Challenge;
  readonly text: string;
  readonly isVerified: boolean;
  readonly isForged: boolean;
  readonly counter: number;
};

/** A one-time link: to set a password, accept an invitation, confirm a new email or restore an old one. */
export type Link = {
  readonly purpose: 'reset' | 'invitation' | 'confirm' | 'revert';
  readonly person: Person;
  readonly path: string;
  readonly expiresAt: number;
  /** The email after the change. */
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

/** A browser on which one person needs no code. */
export type Trusted = {
  readonly id: string;
  readonly person: Person;
  secret: string;
  previous: string | undefined;
  usedAt: number;
  address: string;
  readonly expiresAt: number;
};

/** Also has a program with a key, and a manager who only acts on others. */
export type Partner = { readonly [name in 'id' | 'slug' | 'managerId' | 'key']: string };

/** The portals of a person's session with us: OpenID Connect clients and protected hosts. */
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
  /** The session in which it was given. The client always knows the grant by this session's id. */
  readonly sid: Session;
  /** The session that it belongs to now. */
  session: Session;
  readonly isOffline: boolean;
  /** From the session at the time of the grant. */
  readonly isPasswordOnly: boolean;
  readonly hasPasskey: boolean;
  /** The trusted device that opened the session, if no second factor was proven before the grant. */
  readonly trusted: string | undefined;
  readonly expiresAt: number;
  ended: boolean;
};

/** A code or a token of a grant. */
export type Token = {
  readonly kind: 'code' | 'access' | 'refresh';
  readonly value: string;
  readonly grant: Grant;
  readonly expiresAt: number;
  usedAt: number | undefined;
  /** The refresh token that replaced it. */
  successor: string | undefined;
};

export type IdToken = { readonly value: string; readonly sid: Session };

/** The path from us to a protected host, bound to the browser's cookie there. */
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
  /** The same session got a newer one. */
  replaced: boolean;
};

/** One host for everyone, and one that requires a second factor. */
export const HOSTS = [
  { host: 'open.example.com', acr: undefined },
  { host: 'payouts.example.com', acr: 'mfa' },
] as const;

export type Host = (typeof HOSTS)[number];

export function newPortals(clients: readonly PortalClient[]): Portals {
  return { clients, grants: [], tokens: [], idTokens: [], tickets: [], cookies: [] };
}
