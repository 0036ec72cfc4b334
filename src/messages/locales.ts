/** Every language by its own name, because a person who looks for it knows that name. In the order of the switch. */
const NAMES = {
  de: 'Deutsch',
  en: 'English',
  es: 'Español',
  fr: 'Français',
  it: 'Italiano',
  nl: 'Nederlands',
  pl: 'Polski',
  // With its country: without one, dates and plurals would be those of Brazil.
  'pt-PT': 'Português',
} as const;

export type Locale = keyof typeof NAMES;

// Cast boundary: the names above are all keys.
export const LOCALES = Object.keys(NAMES) as readonly Locale[];

/** The languages that have every text, those of the console too. */
export const STAFF_LOCALES = ['en', 'de'] as const satisfies readonly Locale[];
export type StaffLocale = (typeof STAFF_LOCALES)[number];

const DEFAULT_LOCALE: StaffLocale = 'en';

export function isLocale(text: string | undefined): text is Locale {
  return LOCALES.some((locale) => locale === text);
}

/** The language of the console for a person with this language. */
export function staffLocale(locale: Locale): StaffLocale {
  return STAFF_LOCALES.find((known) => known === locale) ?? DEFAULT_LOCALE;
}

export function languageName(locale: Locale): string {
  return NAMES[locale];
}

/** Our language for a tag. The region does not matter: Portuguese is better than English for a person from Brazil. */
export function localeFor(tag: string): Locale | undefined {
  const language = languageOf(tag.toLowerCase());
  return LOCALES.find((locale) => languageOf(locale) === language);
}

/** Browsers send some 40 characters. The limit caps the work for a hostile header. */
const LONGEST_WISH = 500;

/** Our best language for an `Accept-Language` header (RFC 9110 §12.5.4). The first of equal ones wins. */
export function negotiateLocale(acceptLanguage: string | undefined): Locale {
  const ranges = (acceptLanguage ?? '').slice(0, LONGEST_WISH).split(',').map(parseRange);
  const known = ranges.flatMap(({ locale, weight }) =>
    locale !== undefined && weight > 0 ? [{ locale, weight }] : [],
  );
  // `sort` is stable, so ranges of equal weight stay in the order of the header.
  return known.sort((a, b) => b.weight - a.weight)[0]?.locale ?? DEFAULT_LOCALE;
}

function parseRange(range: string): { locale: Locale | undefined; weight: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return { locale: localeFor(tag), weight: q === undefined ? 1 : parseWeight(q.slice('q='.length)) };
}

/** 0 for anything that is not a `qvalue`, so an invalid range is ignored. */
function parseWeight(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}

function languageOf(tag: string): string | undefined {
  return tag.split('-')[0];
}
