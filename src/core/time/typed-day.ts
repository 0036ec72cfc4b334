import { parseDay } from './day.ts';

/**
 * A typed day as `YYYY-MM-DD`, if it has only one reading: `31.12.2026` (with dots the day is first), `2026/12/31`,
 * `12/31/2026`. `4/5/2026` is the fourth of May to one reader and the fifth of April to another.
 */
export function typedDay(typed: string): string | undefined {
  const readings = readingsOf(typed);
  return readings.length === 1 ? readings[0] : undefined;
}

/** Every possible reading, to show to the person who has to type it again; none if it is no day at all. */
export function readingsOf(typed: string): readonly string[] {
  const text = typed.trim();
  const [, year = '', ...yearFirst] = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})$/.exec(text) ?? [];
  if (year !== '') return daysOf([[year, ...yearFirst]]);
  const [, one = '', separator, two = '', last = ''] = /^(\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4})$/.exec(text) ?? [];
  const dayFirst = [last, two, one];
  return daysOf(separator === '.' ? [dayFirst] : [dayFirst, [last, one, two]]);
}

function daysOf(readings: readonly (readonly string[])[]): readonly string[] {
  const days = readings.map((parts) => parts.map((part) => part.padStart(2, '0')).join('-'));
  return [...new Set(days)].filter((day) => parseDay(day) !== undefined);
}
