import { cutPastCap } from '#core/values/text.ts';
import { AUDIT_ACTIONS, type AuditAction, type AuditEvent } from './actions.ts';
import type { DetailValue, EmailHash, SettingText, StaffReason } from './values.ts';

/** Whether `mac` has the shape of a keyed hash (32 bytes, base64url). No email has this shape. */
export function isEmailHash(mac: string): mac is EmailHash {
  return /^[\w-]{43}$/.test(mac);
}

// A code of this service, or an id. Tokens, recovery codes and secrets have capitals; one-time codes have no letter.
const CODE_OR_ID = /^(?:[a-z][a-z0-9_-]{0,63}|(?:api_key:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * The detail of an event as the JSON text that is stored and sealed.
 *
 * Throws if a text in it is neither a code, an id, a keyed hash in `emailHash`, a typed reason in `reason` nor the
 * value of a setting. The
 * types already demand this; the check is a second barrier against a secret in the log.
 */
export function detailText(event: AuditEvent): string {
  for (const [name, value] of Object.entries<DetailValue>(event.detail)) {
    const texts = Array.isArray(value) ? value : [value];
    if (!texts.every((text) => typeof text !== 'string' || mayBeLogged(event.action, name, text))) {
      throw new Error(`audit event ${event.action}: detail ${name} is neither a code nor an id`);
    }
  }
  return JSON.stringify(event.detail);
}

/** The longest reason that is stored, in characters. */
const STAFF_REASON_LENGTH = 500;

const TYPED_REASONS: ReadonlySet<AuditAction> = new Set([
  ...(['user.disabled', 'user.enabled', 'user.unlocked', 'user.mfa_reset', 'user.exempted'] as const),
  ...(['user.exemption_ended', 'user.deleted', 'reset.requested', 'bulk.started', 'partner.archived'] as const),
  ...(['partner.mfa_policy_changed', 'partner.reminders_changed', 'device.ended'] as const),
  ...(['user.email_changed', 'user.email_change_requested', 'setting.changed'] as const),
]);

function mayBeLogged(action: AuditAction, name: string, text: string): boolean {
  if (name === 'emailHash') return isEmailHash(text);
  if (name === 'about') return Object.hasOwn(AUDIT_ACTIONS, text);
  if (name === 'stages') return /^(\d{1,2}_days?|overdue)$/.test(text);
  if (name === 'host') return /^[a-z0-9.:[\]-]{1,259}$/.test(text);
  if (name === 'scopes') return /^[a-z_]{1,32}(?::[a-z_]{1,32})?$/.test(text);
  if (name === 'keyId' && action.startsWith('keys.')) return /^[a-z0-9-]{1,16}$/.test(text);
  if (action === 'setting.changed' && (name === 'from' || name === 'to')) return isSettingText(text);
  const isTyped = (name === 'reason' || name === 'checkNote') && TYPED_REASONS.has(action);
  return isTyped ? text !== '' && text.length <= STAFF_REASON_LENGTH : CODE_OR_ID.test(text);
}

/** The typed reason for storage: trimmed, one line, cut at {@link STAFF_REASON_LENGTH}; `undefined` if empty. */
export function staffReason(typed: string): StaffReason | undefined {
  const text = cutPastCap('reason', typed)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const reason = text.slice(0, STAFF_REASON_LENGTH).toWellFormed();
  return isStaffReason(reason) ? reason : undefined;
}

function isStaffReason(text: string): text is StaffReason {
  return text !== '' && text.length <= STAFF_REASON_LENGTH;
}

/** The longest value of a setting, in characters. */
const SETTING_LENGTH = 200;

/** The value of a setting for the log, which shows it as it was typed. No setting in the database is a secret. */
export function settingText(value: string): SettingText {
  if (isSettingText(value)) return value;
  throw new Error('the value of a setting is longer than any setting allows');
}

function isSettingText(text: string): text is SettingText {
  return text !== '' && [...text].length <= SETTING_LENGTH && !/\p{Cc}/u.test(text);
}
