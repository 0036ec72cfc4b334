/**
 * Caches a formatter per language. Creating one costs as much as a hundred uses, and a page of the console formats some
 * hundred dates and numbers.
 */
export function perLocale<Formatter>(make: (locale: string) => Formatter): (locale: string) => Formatter {
  const made = new Map<string, Formatter>();
  return (locale) => {
    const known = made.get(locale) ?? make(locale);
    made.set(locale, known);
    return known;
  };
}

/** Whole numbers with the separators of the language. */
export const wholeNumbers = perLocale((locale) => new Intl.NumberFormat(locale));

/** A share of 1 as a percentage with at most one decimal. */
export const percents = perLocale(
  (locale) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
);

/** A day in UTC, with the month as a word. */
export const longDays = perLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }));

/** A share of people in percent, rounded down, so that 100% means everybody. */
export function shareWords(
  locale: string,
  { people, enrolled }: { readonly people: number; readonly enrolled: number },
) {
  return percents(locale).format(people === 0 ? 0 : Math.floor((enrolled * 1000) / people) / 1000);
}
