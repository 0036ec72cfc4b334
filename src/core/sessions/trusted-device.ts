import type { WhyEnded, WhyTrustEnded } from '#core/audit/values.ts';
import { isStaff, needsPasskey, type Role } from '#core/people/policy.ts';
import { PEOPLE_PER_BROWSER } from '#core/sessions/session.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';

/** The absolute end of a trusted device. Use never prolongs it. */
export const TRUSTED_DEVICE_SECONDS = 30 * DAY_SECONDS;
/** At most this many per person; a new one replaces the oldest. */
export const TRUSTED_DEVICES_PER_USER = 5;
/**
 * Two forms that one browser sends at once carry the same secret, and the first replaces it. So for this long the old
 * one is no alarm at the same address and with the same user agent. It opens nothing all the same.
 */
const AT_ONCE_SECONDS = 10;

/**
 * Whether this person may trust a device. Staff never may: they can see the data of more than one company. Where a
 * passkey is needed, because it resists phishing, nothing stands in for it.
 */
export function mayTrustDevices(partner: TrustingPartner | undefined, role: Role, now: number): boolean {
  if (partner === undefined || isStaff(role) || !partner.trustedDevices) return false;
  return !needsPasskey(partner, false, now);
}

type TrustingPartner = { readonly trustedDevices: boolean } & NonNullable<Parameters<typeof needsPasskey>[0]>;

/**
 * Whether each change ends every trusted device of a person.
 *
 * This is the only list. Whatever ends sessions of a person names its reason here, or does not compile.
 */
export const ENDS_TRUSTED_DEVICES = {
  password_changed: true,
  authenticator_changed: true,
  /** Signed out everywhere else. */
  by_user: true,
  disabled: true,
  deleted: true,
  mfa_reset: true,
  access_code_renewed: true,
  email_reverted: true,
  /** The device was trusted with the rights of the old role. */
  role_changed: true,
  archived: true,
  /** The partner no longer allows trusted devices. */
  policy: true,
  // Neither is a factor that the device stands in for.
  recovery_codes_changed: false,
  email_changed: false,
} as const satisfies Record<WhyEnded, boolean> & Partial<Record<WhyTrustEnded, boolean>>;

export type TrustChange = keyof typeof ENDS_TRUSTED_DEVICES;

/** The secret that a browser presents for one trusted device. */
export type Presented = { readonly id: string; readonly secret: string };

const PRESENTED = /^([0-9a-f-]{36}):([\w-]{43})$/;

/** The cookie: one part for each person who trusts this browser. Everything else in it is ignored. */
export function readTrustCookie(value: string | undefined): readonly Presented[] {
  if (value === undefined || value.length > COOKIE_LENGTH_MOST) return [];
  return value.split('.').flatMap((part) => {
    const [, id, secret] = PRESENTED.exec(part) ?? [];
    return id === undefined || secret === undefined ? [] : [{ id, secret }];
  });
}

/** An id, a colon, a secret and a dot. */
const COOKIE_LENGTH_MOST = PEOPLE_PER_BROWSER * (36 + 1 + 43 + 1);

/** @param all the newest last */
export function trustCookie(all: readonly Presented[]): string {
  return all
    .slice(-PEOPLE_PER_BROWSER)
    .map(({ id, secret }) => `${id}:${secret}`)
    .join('.');
}

type Stored = {
  readonly secretHash: string;
  readonly previousSecretHash: string | undefined;
  readonly lastUsedAt: number;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
};

type Sent = { readonly hash: string; readonly address: string | undefined; readonly userAgent: string | undefined };

/**
 * What a presented secret of this device means.
 *
 * `current`: it may stand in for the second factor, once. `at_once`: another form of the same browser has just used it.
 * `reused`: it was replaced, so two browsers hold copies of one cookie, or the browser never got its new one.
 */
export function judgeSecret(stored: Stored, sent: Sent, now: number): 'current' | 'at_once' | 'reused' {
  if (sent.hash === stored.secretHash) return 'current';
  const isSameBrowser = sent.address === stored.address && sent.userAgent === stored.userAgent;
  const isJustReplaced = sent.hash === stored.previousSecretHash && now < stored.lastUsedAt + AT_ONCE_SECONDS;
  return isJustReplaced && isSameBrowser ? 'at_once' : 'reused';
}
