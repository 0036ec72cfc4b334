import type { Mail } from '#flows/runtime/mail.ts';
import type { MailOf } from '#mail/words.ts';
import { ORIGIN } from '../world.ts';

const LINK = `${ORIGIN}/password/abc`;
const NEWS = { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0', address: '203.0.113.9' };

/** Realistic data for each kind. A new kind without an entry does not compile. */
export const EVERY_KIND: { readonly [Kind in Mail['kind']]: MailOf<Kind> & { readonly kind: Kind } } = {
  password_reset: { kind: 'password_reset', link: LINK },
  invitation: { kind: 'invitation', link: LINK },
  email_confirm: { kind: 'email_confirm', link: LINK },
  email_changed: { kind: 'email_changed', link: LINK, ...NEWS },
  trusted_device_created: { kind: 'trusted_device_created', ...NEWS },
  trusted_device_reused: { kind: 'trusted_device_reused', ...NEWS },
  email_confirm_asked: { kind: 'email_confirm_asked', link: LINK },
  email_change_asked: { kind: 'email_change_asked' },
  invitation_moved: { kind: 'invitation_moved' },
  email_in_use: { kind: 'email_in_use' },
  set_up_asked: { kind: 'set_up_asked' },
  passkey_asked: { kind: 'passkey_asked' },
  test: { kind: 'test' },
  passkey_reminder: { kind: 'passkey_reminder', requiredFrom: 1_800_600_000 },
  passkey_overdue: { kind: 'passkey_overdue', requiredFrom: 1_799_900_000 },
  invited_again: { kind: 'invited_again', partner: 'Acme {Telecom} & Sons' },
  recovery_code_used: { kind: 'recovery_code_used', left: 5, ...NEWS },
  few_codes_left: { kind: 'few_codes_left', left: 1, ...NEWS },
  mfa_enrolled: { kind: 'mfa_enrolled', ...NEWS },
  authenticator_replaced: { kind: 'authenticator_replaced', ...NEWS },
  app_added: { kind: 'app_added', ...NEWS },
  app_removed: { kind: 'app_removed', ...NEWS },
  passkey_added: { kind: 'passkey_added', ...NEWS },
  passkey_removed: { kind: 'passkey_removed', ...NEWS },
  authenticator_renamed: { kind: 'authenticator_renamed', ...NEWS },
  authenticator_removed: { kind: 'authenticator_removed', ...NEWS },
  new_codes_made: { kind: 'new_codes_made', ...NEWS },
  password_changed: { kind: 'password_changed', ...NEWS },
  new_device: { kind: 'new_device', ...NEWS },
  wrong_code: { kind: 'wrong_code', ...NEWS },
  refused_passwords: { kind: 'refused_passwords', ...NEWS },
  authenticator_disabled: { kind: 'authenticator_disabled', ...NEWS },
  mfa_reset: { kind: 'mfa_reset', withCode: true },
  sign_in_paused: { kind: 'sign_in_paused', untilAt: 1_800_003_600, ...NEWS },
  mfa_reminder: { kind: 'mfa_reminder', requiredFrom: 1_800_600_000 },
  more_news: { kind: 'more_news', count: 55 },
  mfa_overdue: { kind: 'mfa_overdue', requiredFrom: 1_799_900_000 },
};
