import { reminderDaysFrom } from '#core/people/reminder-days.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { type DatedPartner, listDatedPartners } from '#store/partners/due-dates.ts';
import { mondayOf } from './query.ts';

/** The longest schedule of reminders. */
const LONGEST_DAYS = 90;

type Due = { readonly id: string; readonly name: string; readonly missing: number };

/** A day of the calendar: who falls due, and which reminders go out. */
export type CalendarDay = {
  readonly day: number;
  readonly isInMonth: boolean;
  /** Those with most people missing first. */
  readonly due: readonly Due[];
  readonly missing: number;
  /** By the number of days before the date, the most urgent first. */
  readonly reminders: readonly Sent[];
};

/** 00:00 UTC of the first day. */
export type Month = { readonly start: number; readonly end: number; readonly previous: number };

export type Calendar = Month & {
  readonly days: readonly CalendarDay[];
  readonly partners: number;
  readonly missing: number;
};

/** The month `YYYY-MM` of the address, or this month. */
export function readMonth(query: Pick<URLSearchParams, 'get'>, now: number): Month {
  const text = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(query.get('month') ?? '');
  const today = new Date(now * 1000);
  const year = text ? Number(text[1]) : today.getUTCFullYear();
  const month = text ? Number(text[2]) - 1 : today.getUTCMonth();
  const startOf = (offset: number) => Date.UTC(year, month + offset, 1) / 1000;
  return { start: startOf(0), end: startOf(1), previous: startOf(-1) };
}

export async function readCalendar(env: Env, month: Month): Promise<Calendar> {
  const now = env.now();
  const { start, end } = month;
  const until = end + (LONGEST_DAYS + 7) * DAY_SECONDS;
  const dated = await listDatedPartners(env.db.read, { after: start - 7 * DAY_SECONDS, until, now });
  const days = byDay(dated);

  const last = mondayOf(end - 1) + 7 * DAY_SECONDS;
  const shown: CalendarDay[] = [];
  for (let day = mondayOf(start); day < last; day += DAY_SECONDS) {
    const { due, reminders } = days.get(day) ?? emptyDay();
    shown.push({
      ...{ day, isInMonth: day >= start && day < end, due },
      missing: due.reduce((sum, one) => sum + one.missing, 0),
      reminders: [...reminders.values()].toSorted((one, other) => one.daysBefore - other.daysBefore),
    });
  }
  const inMonth = shown.filter(({ isInMonth }) => isInMonth);
  return {
    ...month,
    days: shown,
    partners: inMonth.reduce((sum, { due }) => sum + due.length, 0),
    missing: inMonth.reduce((sum, one) => sum + one.missing, 0),
  };
}

type Sent = { readonly daysBefore: number; readonly partners: number; readonly people: number };

function emptyDay() {
  return { due: [] as Due[], reminders: new Map<number, Sent>() };
}

/** Each partner on the day of its date and on the days of its reminders. Where nobody is missing, none goes out. */
function byDay(dated: readonly DatedPartner[]) {
  const days = new Map<number, ReturnType<typeof emptyDay>>();
  const at = (instant: number) => {
    const day = instant - (instant % DAY_SECONDS);
    const found = days.get(day) ?? emptyDay();
    days.set(day, found);
    return found;
  };
  for (const { id, name, requiredFrom, missing, reminderDays } of dated) {
    at(requiredFrom).due.push({ id, name, missing });
    for (const daysBefore of missing === 0 ? [] : reminderDaysFrom(reminderDays)) {
      const { reminders } = at(requiredFrom - daysBefore * DAY_SECONDS);
      const { partners, people } = reminders.get(daysBefore) ?? { partners: 0, people: 0 };
      reminders.set(daysBefore, { daysBefore, partners: partners + 1, people: people + missing });
    }
  }
  return days;
}
