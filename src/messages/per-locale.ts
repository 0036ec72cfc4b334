/**
 * A formatter for each language, made once: making one costs as much as using it a hundred times, and a page of the
 * console formats some hundred dates and numbers.
 */
export function perLocale<Formatter>(make: (locale: string) => Formatter): (locale: string) => Formatter {
  const made = new Map<string, Formatter>();
  return (locale) => {
    const known = made.get(locale) ?? make(locale);
    made.set(locale, known);
    return known;
  };
}

/** Whole numbers as a person reads them. */
export const wholeNumbers = perLocale((locale) => new Intl.NumberFormat(locale));

/** A share of 1, in percent with one place at most. */
export const percents = perLocale(
  (locale) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
);

/** A day in UTC, its month in words. */
export const longDays = perLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }));
