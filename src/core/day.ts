import { isShort } from './text.ts';

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
