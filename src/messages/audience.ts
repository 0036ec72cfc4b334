import type { en } from './locales/en.ts';

type Key = keyof typeof en;

/**
 * The first parts of the keys that only staff read. Every other text is read by users, so each language has it. A test
 * reads the code and checks both lists.
 */
export const STAFF_FEATURES = [
  'act',
  'action',
  'adoption',
  'audit',
  'bulk',
  'calendar',
  'clients',
  'console',
  'devices',
  'edit',
  'find',
  'history',
  'import',
  'keys',
  'letter',
  'look',
  'partner',
  'partners',
  'passkeys',
  'person',
  'plan',
  'policy',
  'reminders',
  'reset',
  'resets',
  'rollout',
  'secret',
  'settings',
  'staff',
  'webhooks',
] as const;

/** Texts of those features that the team pages show to partner managers too. */
export const SHARED_KEYS = [
  'act.cancel',
  'act.invitation',
  'act.invitation.text',
  'action.invitation.created',
  'action.partner.mfa_policy_changed',
  'action.partner.passkey_policy_changed',
  'action.partner.reminded',
  'action.partner.reminders_changed',
  'action.partner.trusted_devices_changed',
  'action.passkey.enrolled',
  'action.passkey.removed',
  'action.totp.enrolled',
  'action.totp.removed',
  'action.totp.replaced',
  'action.user.disabled',
  'action.user.enabled',
  'action.user.exempted',
  'action.user.exemption_ended',
  'action.user.mfa_reset',
  'action.user.reminded',
  'action.user.role_changed',
  'action.user.unlocked',
  'bulk.line',
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
