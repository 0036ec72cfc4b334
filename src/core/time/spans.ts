// Apart from the calendar: limits and lifetimes need a length, and nothing that reads or writes a date.

export const MINUTE_SECONDS = 60;
export const HOUR_SECONDS = 60 * MINUTE_SECONDS;
export const DAY_SECONDS = 24 * HOUR_SECONDS;
