import type { en } from './locales/en.ts';

type Key = keyof typeof en;

/**
 * The first parts of the keys that only staff read. Every other text is read by users, so each language has it. A test
 * reads the code and checks both lists.
 */
export const STAFF_FEATURES = [
  'act',
  'adoption',
  'apiKeys',
  'audit',
  'bulk',
  'calendar',
  'clients',
  'console',
  'import',
  'letter',
  'look',
  'partner',
  'partners',
  'passkeyPolicy',
  'person',
  'policy',
  'reminders',
  'resets',
  'rollout',
  'search',
  'settings',
  'shownSecret',
  'staff',
  'webhooks',
] as const;

/** Texts of those features that the team pages show to partner managers too. */
export const SHARED_KEYS = [
  'act.invitation',
  'act.invitation.button',
  'act.invitation.text',
  'act.makeManager.button',
  'act.makeMember.button',
  'act.remind.button',
  'act.remove.button',
  'audit.action.invitation.created',
  'audit.action.partner.mfa_policy_changed',
  'audit.action.partner.passkey_policy_changed',
  'audit.action.partner.reminded',
  'audit.action.partner.reminders_changed',
  'audit.action.partner.trusted_devices_changed',
  'audit.action.passkey.enrolled',
  'audit.action.passkey.removed',
  'audit.action.totp.enrolled',
  'audit.action.totp.removed',
  'audit.action.totp.replaced',
  'audit.action.user.disabled',
  'audit.action.user.enabled',
  'audit.action.user.exempted',
  'audit.action.user.exemption_ended',
  'audit.action.user.mfa_reset',
  'audit.action.user.reminded',
  'audit.action.user.role_changed',
  'audit.action.user.unlocked',
  'bulk.line',
  'button.cancel',
  'console.csv',
  'console.csv.semicolons',
  'console.refused.name',
  'console.refused.other',
  'console.refused.text',
  'partner.missing',
  'partners.adoption',
  'person.acts',
  'person.role',
  'reminders.mail',
  'reminders.nobody.title',
] as const satisfies readonly Key[];

type SharedKey = (typeof SHARED_KEYS)[number];

/** The texts that users read: partner managers and their people, and everybody before sign-in. */
export type UserKey = Exclude<Key, `${(typeof STAFF_FEATURES)[number]}.${string}`> | SharedKey;

export function isUserKey(key: Key): key is UserKey {
  if (SHARED_KEYS.some((shared) => shared === key)) return true;
  return !STAFF_FEATURES.some((feature) => key.startsWith(`${feature}.`));
}
