import { parseBegin, parseEnd, parseTime } from '#core/time/day.ts';
import { readingsOf, typedDay } from '#core/time/typed-day.ts';
import type { Misuse } from './command.ts';

/** The start of the day that was typed for an option, or what to type instead. */
export function readBegin(option: string, typed: string): number | Misuse {
  return parseBegin(typedDay(typed) ?? '') ?? refused(option, typed, 'a day, as in 2027-01-31');
}

/** An end that was typed as its last day or as a time. */
export function readEnd(option: string, typed: string): number | Misuse {
  return parseEnd(typedDay(typed) ?? typed) ?? refused(option, typed, A_TIME);
}

/** The same for a time within a day. */
export function readTime(option: string, typed: string): number | Misuse {
  return parseTime(typedDay(typed) ?? typed) ?? refused(option, typed, A_TIME);
}

const A_TIME = 'a day or a time, as in 2027-01-31 or 2027-01-31T08:00:00Z';

function refused(option: string, typed: string, form: string): Misuse {
  const readings = readingsOf(typed);
  if (readings.length > 1)
    return { misuse: `${option} ${typed.trim()} may be ${readings.join(' or ')}: type one of them` };
  return { misuse: `${option} must be ${form}` };
}
