import { DAY_SECONDS } from '#core/time/spans.ts';
import type { MfaPolicy } from './policy.ts';

/** How many days before the date people without an authenticator are reminded, largest first. */
export type ReminderDays = readonly number[];

export const DEFAULT_REMINDER_DAYS: ReminderDays = [14, 7, 1];

/** More would annoy people, and nobody plans further ahead. */
const MOST_REMINDERS = 6;
const MOST_REMINDER_DAYS = 90;

/**
 * The days from a text such as `14, 7, 1`: whole numbers from 1 to 90, at most six, in any order. Empty: no reminder.
 * `undefined` if the text is anything else.
 */
export function parseReminderDays(text: string): ReminderDays | undefined {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length > MOST_REMINDERS) return undefined;
  if (!words.every((word) => /^\d{1,2}$/.test(word) && Number(word) >= 1 && Number(word) <= MOST_REMINDER_DAYS)) {
    return undefined;
  }
  return [...new Set(words.map(Number))].toSorted((one, other) => other - one);
}

/** The text as the database stores it; `null` for the default, so that a later default applies there too. */
export function storedReminderDays(days: ReminderDays): string | null {
  const text = days.join(' ');
  return text === DEFAULT_REMINDER_DAYS.join(' ') ? null : text;
}

export function reminderDaysFrom(stored: string | null): ReminderDays {
  return stored === null ? DEFAULT_REMINDER_DAYS : (parseReminderDays(stored) ?? DEFAULT_REMINDER_DAYS);
}

/** One reminder of a schedule: who is due has more than `after` and at most `until` seconds left to the date. */
export type ReminderStage = { readonly name: string; readonly after: number; readonly until: number };

/** After 30 days the date is no news any more. */
const OVERDUE: ReminderStage = { name: 'overdue', after: -30 * DAY_SECONDS, until: 0 };

/** The reminders of a schedule, and the one after the date. At any time at most one of them is due. */
export function reminderStages(days: ReminderDays): readonly ReminderStage[] {
  const ahead = days.map((count, index) => ({
    name: count === 1 ? '1_day' : `${count}_days`,
    after: (days[index + 1] ?? 0) * DAY_SECONDS,
    until: count * DAY_SECONDS,
  }));
  return [...ahead, OVERDUE];
}

/** What the stages of passkey reminders begin with: their date may be that of MFA, and they are other mails. */
export const PASSKEY_STAGE = 'passkey_';

/** How many days before the date a stage is; 0 for the one after it. */
export function daysOfStage(name: string): number {
  return Number(/^(\d{1,2})_days?$/.exec(name)?.[1] ?? 0);
}

type Scheduled = {
  readonly policy: MfaPolicy;
  readonly requiredFrom: number | undefined;
  readonly reminderDays: ReminderDays;
};

/** The future reminders, soonest first. Empty if the policy already requires MFA, or does not require it at all. */
export function remindersAhead({ policy, requiredFrom, reminderDays }: Scheduled, now: number): readonly number[] {
  if (policy !== 'required' || requiredFrom === undefined) return [];
  return reminderDays.map((days) => requiredFrom - days * DAY_SECONDS).filter((at) => at > now);
}
