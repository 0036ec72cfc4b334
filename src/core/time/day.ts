import { isShort } from '#core/values/text.ts';
import { DAY_SECONDS, HOUR_SECONDS } from './spans.ts';

// UTC−12 is the last time zone in which a day begins and ends.
const BEGUN_EVERYWHERE_SECONDS = 12 * HOUR_SECONDS;
const ENDED_EVERYWHERE_SECONDS = DAY_SECONDS + BEGUN_EVERYWHERE_SECONDS;

/** Unix seconds of 00:00 UTC of a real day `YYYY-MM-DD`, or `undefined`. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  // Some parsers turn 30 February into 2 March.
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? undefined : date.getTime() / 1000;
}

/** Unix seconds of a day or of an RFC 3339 time, or `undefined`. */
export function parseTime(text: string): number | undefined {
  if (!isShort('time', text)) return undefined;
  const [, day = ''] = /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  if (day === '') return parseDay(text);
  const milliseconds = Date.parse(text.toUpperCase());
  return parseDay(day) === undefined || Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}

/**
 * The only format of an instant in JSON or CSV: RFC 3339 in UTC, to the second. A number outside the calendar, in a
 * manipulated row, is written unchanged, because an export must not stop at the row that somebody looks for.
 */
export function instant(at: number): string {
  const date = new Date(at * 1000);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The same for JSON, where an absent instant is `null`. */
export function instantOrNull(at: number | undefined): string | null {
  return at === undefined ? null : instant(at);
}

/**
 * When something begins that was announced for a day: when that day has begun everywhere on earth. For a text with a
 * time, that time. `undefined` if the text is neither.
 */
export function parseBegin(text: string): number | undefined {
  const day = parseDay(text);
  return day === undefined ? parseTime(text) : day + BEGUN_EVERYWHERE_SECONDS;
}

/**
 * When something ends that lasts through a day: when that day has ended everywhere on earth. For a text with a time,
 * that time. `undefined` if the text is neither.
 */
export function parseEnd(text: string): number | undefined {
  const day = parseDay(text);
  return day === undefined ? parseTime(text) : day + ENDED_EVERYWHERE_SECONDS;
}

/**
 * The day (00:00 UTC) that begins everywhere at this instant; `undefined` if the instant is no such boundary, because a
 * program gave it to the second.
 */
export function dayBegun(at: number): number | undefined {
  return standsForDay(at) ? at - BEGUN_EVERYWHERE_SECONDS : undefined;
}

/** The last day (00:00 UTC) of a period that ends at this instant; `undefined` as above. */
export function lastDay(at: number): number | undefined {
  return standsForDay(at) ? at - ENDED_EVERYWHERE_SECONDS : undefined;
}

/** The last day that a person can type for a period that ends at this instant at the latest, 00:00 UTC. */
export function lastDayBefore(at: number): number {
  const latest = at - ENDED_EVERYWHERE_SECONDS;
  return latest - (latest % DAY_SECONDS);
}

function standsForDay(at: number): boolean {
  return at % DAY_SECONDS === BEGUN_EVERYWHERE_SECONDS;
}

/** The day in UTC as `YYYY-MM-DD`. */
export function dayText(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}
