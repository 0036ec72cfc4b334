import { IntlMessageFormat } from 'intl-messageformat';
import de from './locales/de.json' with { type: 'json' };
import { en } from './locales/en.ts';
import type { PlaceholdersOf } from './placeholders.ts';

export const LOCALES = ['en', 'de'] as const;
export type Locale = (typeof LOCALES)[number];

export type MessageKey = keyof typeof en;

/** The values that the text of a key needs. For several keys, the values that all of them need together. */
export type ValuesOf<Key extends MessageKey> = PlaceholdersOf<(typeof en)[Key]>;

/** The keys of texts without values. */
export type PlainKey = { [Key in MessageKey]: keyof ValuesOf<Key> extends never ? Key : never }[MessageKey];

/** A text with its values. A call without the values of the English text does not compile. */
export type Translate = <Key extends MessageKey>(
  key: Key,
  ...values: keyof ValuesOf<Key> extends never ? [] : [ValuesOf<Key>]
) => string;

const DEFAULT_LOCALE: Locale = 'en';

const MESSAGES: Readonly<Record<Locale, Readonly<Record<MessageKey, string>>>> = { en, de };

const TRANSLATORS: Readonly<Record<Locale, Translate>> = { en: makeTranslator('en'), de: makeTranslator('de') };

/** The texts of one language. The result is plain text, so a page must escape it like any other value. */
export function translator(locale: Locale): Translate {
  return TRANSLATORS[locale];
}

export function isLocale(text: string | undefined): text is Locale {
  return LOCALES.some((locale) => locale === text);
}

/** The language's name in that language, because a person who looks for it knows that name. */
export function languageName(locale: Locale): string {
  return { en: 'English', de: 'Deutsch' }[locale];
}

/** Browsers send some 40 characters. The limit caps the work for a hostile header. */
const LONGEST_WISH = 500;

/** Our best language for an `Accept-Language` header (RFC 9110 §12.5.4). The first of equal ones wins. */
export function negotiateLocale(acceptLanguage: string | undefined): Locale {
  const ranges = (acceptLanguage ?? '').slice(0, LONGEST_WISH).split(',').map(parseRange);
  const known = ranges.flatMap(({ language, weight }) =>
    isLocale(language) && weight > 0 ? [{ locale: language, weight }] : [],
  );
  // `sort` is stable, so ranges of equal weight stay in the order of the header.
  return known.sort((a, b) => b.weight - a.weight)[0]?.locale ?? DEFAULT_LOCALE;
}

function parseRange(range: string): { language: string; weight: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const [language = ''] = tag.split('-');
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return { language, weight: q === undefined ? 1 : parseWeight(q.slice('q='.length)) };
}

/** 0 for anything that is not a `qvalue`, so an invalid range is ignored. */
function parseWeight(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}

function makeTranslator(locale: Locale): Translate {
  const compiled = new Map<MessageKey, IntlMessageFormat>();
  return (key, ...[values]) => {
    const text = MESSAGES[locale][key];
    // Most texts have no placeholders and need no parser. This makes the start and the first page fast.
    if (!text.includes('{')) return text;
    let format = compiled.get(key);
    if (format === undefined) {
      format = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true });
      compiled.set(key, format);
    }
    // A value may be from stored JSON. The formatter would write "undefined" into the text.
    if (Object.values(values ?? {}).includes(undefined)) throw new Error(`a value is missing for the text ${key}`);
    return String(format.format(values));
  };
}
