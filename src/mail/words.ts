import type { Brand } from '#core/brand/brand.ts';
import { PATHS } from '#core/paths.ts';
import { deviceName } from '#core/sessions/device-name.ts';
import {
  EMAIL_CHANGE_SECONDS,
  EMAIL_REVERT_SECONDS,
  INVITATION_SECONDS,
  RESET_LINK_SECONDS,
} from '#core/sessions/session.ts';
import { TRUSTED_DEVICE_SECONDS } from '#core/sessions/trusted-device.ts';
import { dayBegun } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import type { Mail } from '#flows/runtime/mail.ts';
import type { Locale } from '#messages/locales.ts';
import type { Translate, ValuesOf } from '#messages/messages.ts';
import { longDays } from '#messages/per-locale.ts';

/** The parts of a mail. Text and HTML are built from them. */
export type Words = {
  readonly subject: string;
  /** What happened. */
  readonly text: string;
  /** When and from where, as pairs of label and value. */
  readonly facts: readonly (readonly [string, string])[];
  /** The one link. */
  readonly action: { readonly label: string; readonly href: string };
  /** More facts: how long a link is valid, and what to do if it was not you. */
  readonly after: string;
  readonly closing: string;
};

type Place = { readonly t: Translate; readonly locale: Locale; readonly config: Env['config']; readonly brand: Brand };

/** A mail without its own link leads to one of our pages. */
type PlainKind = Exclude<Mail, { readonly link: string }>['kind'];

const PAGES: Readonly<Record<PlainKind, string>> = {
  recovery_code_used: PATHS.security,
  few_codes_left: PATHS.recoveryCodes,
  mfa_enrolled: PATHS.security,
  authenticator_replaced: PATHS.security,
  app_added: PATHS.authenticators,
  app_removed: PATHS.authenticators,
  passkey_added: PATHS.authenticators,
  passkey_removed: PATHS.authenticators,
  authenticator_renamed: PATHS.authenticators,
  authenticator_removed: PATHS.authenticator,
  new_codes_made: PATHS.security,
  password_changed: PATHS.forgotPassword,
  new_device: PATHS.sessions,
  wrong_code: PATHS.password,
  trusted_device_created: PATHS.trustedDevices,
  trusted_device_reused: PATHS.password,
  refused_passwords: PATHS.security,
  mfa_reset: PATHS.signIn,
  authenticator_disabled: PATHS.helpTroubleshooting,
  sign_in_paused: PATHS.helpTroubleshooting,
  mfa_reminder: PATHS.signIn,
  mfa_overdue: PATHS.signIn,
  email_in_use: PATHS.signIn,
  email_change_asked: PATHS.security,
  invitation_moved: PATHS.help,
  set_up_asked: PATHS.authenticator,
  passkey_asked: PATHS.addPasskey,
  passkey_reminder: PATHS.addPasskey,
  passkey_overdue: PATHS.signIn,
  invited_again: PATHS.signIn,
  test: PATHS.settings,
  more_news: PATHS.sessions,
};

/** @param at when it happened */
export function wordsOf(place: Place, mail: Mail, at: number): Words {
  const { t, config, brand } = place;
  const product = brand.name;
  const contact = contactOf(brand);
  // The compiler has checked the values of each kind against its texts, but cannot infer this for a union of kinds.
  const valuesOf = VALUES[mail.kind] as (place: Place, mail: Mail, at: number) => Values<Kind>;
  const values = valuesOf(place, mail, at);
  return {
    subject: subjectOf(place, mail.kind),
    text: t(`mail.${mail.kind}.text`, values),
    facts: factsOf(place, mail, at),
    action: {
      label: t(`mail.${mail.kind}.action`),
      href: 'link' in mail ? mail.link : `${config.publicUrl.origin}${PAGES[mail.kind]}`,
    },
    after: t(`mail.${mail.kind}.after`, values),
    closing: contact === undefined ? t('mail.closing', { product }) : t('mail.closingContact', { product, contact }),
  };
}

/** In a mail a link is its address. */
function contactOf({ supportContact, supportHref }: Brand): string | undefined {
  return supportHref === undefined ? supportContact : `${supportContact} (${supportHref.replace(/^mailto:/, '')})`;
}

/** Needs no parameter of the mail, so it is still readable after the rest was erased. */
export function subjectOf({ t, brand }: Pick<Place, 't' | 'brand'>, kind: Kind): string {
  return t(`mail.${kind}.subject`, { product: brand.name });
}

type Kind = Mail['kind'];

/** The members of the union that have this kind. */
export type MailOf<K extends Kind> = Mail extends infer One
  ? One extends Mail
    ? K extends One['kind']
      ? One
      : never
    : never
  : never;

/** The values that the texts of a kind need. */
type Values<K extends Kind> = ValuesOf<`mail.${K}.text` | `mail.${K}.after`>;

type Fill<K extends Kind> = (place: Place, mail: MailOf<K>, at: number) => Values<K>;

const withProduct = ({ brand }: Place) => ({ product: brand.name });

const VALUES: { readonly [K in Kind]: Fill<K> } = {
  password_reset: (place) => ({ ...withProduct(place), minutes: RESET_LINK_SECONDS / 60 }),
  invitation: (place) => ({ ...withProduct(place), hours: INVITATION_SECONDS / 3600 }),
  email_confirm: (place) => ({ ...withProduct(place), hours: EMAIL_CHANGE_SECONDS / 3600 }),
  email_changed: (place) => ({ ...withProduct(place), hours: EMAIL_REVERT_SECONDS / 3600 }),
  email_confirm_asked: (place) => ({ ...withProduct(place), hours: EMAIL_CHANGE_SECONDS / 3600 }),
  email_in_use: withProduct,
  email_change_asked: withProduct,
  invitation_moved: withProduct,
  set_up_asked: withProduct,
  passkey_asked: withProduct,
  test: withProduct,
  invited_again: (place, { partner }) => ({ ...withProduct(place), partner }),
  recovery_code_used: (place, { left }) => ({ ...withProduct(place), left }),
  few_codes_left: (place, { left }) => ({ ...withProduct(place), left }),
  mfa_enrolled: withProduct,
  authenticator_replaced: withProduct,
  app_added: withProduct,
  app_removed: withProduct,
  passkey_added: withProduct,
  passkey_removed: withProduct,
  authenticator_renamed: withProduct,
  authenticator_removed: withProduct,
  new_codes_made: withProduct,
  password_changed: withProduct,
  new_device: withProduct,
  wrong_code: withProduct,
  refused_passwords: withProduct,
  trusted_device_created: (place) => ({ ...withProduct(place), days: TRUSTED_DEVICE_SECONDS / DAY_SECONDS }),
  trusted_device_reused: withProduct,
  authenticator_disabled: withProduct,
  mfa_reset: (place, { withCode }) => ({ ...withProduct(place), access: withCode ? 'with_code' : 'open' }),
  sign_in_paused: (place, { untilAt }) => ({ ...withProduct(place), until: instant(place.locale, untilAt) }),
  mfa_reminder: (place, { requiredFrom }, at) => ({
    ...withProduct(place),
    date: promised(place.locale, requiredFrom),
    days: daysBetween(at, requiredFrom),
  }),
  more_news: (place, { count }) => ({ ...withProduct(place), count }),
  mfa_overdue: (place, { requiredFrom }) => ({ ...withProduct(place), date: promised(place.locale, requiredFrom) }),
  passkey_reminder: (place, { requiredFrom }, at) => ({
    ...withProduct(place),
    date: promised(place.locale, requiredFrom),
    days: daysBetween(at, requiredFrom),
  }),
  passkey_overdue: (place, { requiredFrom }) => ({ ...withProduct(place), date: promised(place.locale, requiredFrom) }),
};

function factsOf({ t, locale }: Place, mail: Mail, at: number): Words['facts'] {
  const { userAgent, address } = 'address' in mail || 'userAgent' in mail ? mail : {};
  const device = deviceName(userAgent);
  if (device === undefined && address === undefined) return [];
  const name = device ? t('sessions.on', device) : t('sessions.program');
  const where = address === undefined ? [] : [[t('sessions.address'), address] as const];
  return [[t('mail.time'), instant(locale, at)], [t('sessions.device'), name], ...where];
}

function daysBetween(at: number, later: number): number {
  return Math.max(0, Math.ceil((later - at) / DAY_SECONDS));
}

function instant(locale: Locale, at: number): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(new Date(at * 1000))} UTC`;
}

/** The day that begins at this instant, or the time. A promise to a person must not depend on their time zone. */
function promised(locale: Locale, at: number): string {
  const day = dayBegun(at);
  return day === undefined ? instant(locale, at) : longDays(locale).format(new Date(day * 1000));
}
