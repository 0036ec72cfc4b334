import { isShort } from '#core/values/text.ts';

export const DAY_SECONDS = 24 * 60 * 60;

// The last place on earth where a day begins, and ends, is UTC−12.
const BEGUN_EVERYWHERE_SECONDS = 12 * 60 * 60;
const ENDED_EVERYWHERE_SECONDS = DAY_SECONDS + BEGUN_EVERYWHERE_SECONDS;

/** Unix seconds of 00:00 UTC of a real day `YYYY-MM-DD`, or `undefined`. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  // 30 February becomes 2 March where a parser is kind.
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

/** An instant as RFC 3339 in UTC, to the second. */
export function instant(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

/**
 * The instant at which something begins that was promised for a day, when that day has begun everywhere on earth; of a
 * whole time, that time. `undefined` where the text is neither.
 */
export function parseBegin(text: string): number | undefined {
  const day = parseDay(text);
  return day === undefined ? parseTime(text) : day + BEGUN_EVERYWHERE_SECONDS;
}

/**
 * The instant at which something ends that holds through a day, when that day has ended everywhere on earth; of a whole
 * time, that time. `undefined` where the text is neither.
 */
export function parseEnd(text: string): number | undefined {
  const day = parseDay(text);
  return day === undefined ? parseTime(text) : day + ENDED_EVERYWHERE_SECONDS;
}

/**
 * The day (00:00 UTC) that begins everywhere at this instant; `undefined` for an instant that stands for no day: one that
 * a program gave to the second.
 */
export function dayBegun(at: number): number | undefined {
  return standsForDay(at) ? at - BEGUN_EVERYWHERE_SECONDS : undefined;
}

/** The last day (00:00 UTC) of what ends at this instant; `undefined` as above. */
export function lastDay(at: number): number | undefined {
  return standsForDay(at) ? at - ENDED_EVERYWHERE_SECONDS : undefined;
}

/** The last day that can be typed for something that ends at this instant at the latest, 00:00 UTC. */
export function lastDayBefore(at: number): number {
  const latest = at - ENDED_EVERYWHERE_SECONDS;
  return latest - (latest % DAY_SECONDS);
}

function standsForDay(at: number): boolean {
  return at % DAY_SECONDS === BEGUN_EVERYWHERE_SECONDS;
}

/** A day as `YYYY-MM-DD`. */
export function dayText(day: number): string {
  return new Date(day * 1000).toISOString().slice(0, 10);
}
