import { readFileSync } from 'node:fs';
import { IntlMessageFormat } from 'intl-messageformat';
import type { UserKey } from './audience.ts';
import de from './locales/de.json' with { type: 'json' };
import { en } from './locales/en.ts';
import type { Locale, StaffLocale } from './locales.ts';
import type { PlaceholdersOf } from './placeholders.ts';

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

type UserTexts = Readonly<Record<UserKey, string>> & { readonly [Key in MessageKey]?: string };

const WHOLE: Readonly<Record<StaffLocale, Readonly<Record<MessageKey, string>>>> = { en, de };

/**
 * The texts of the other languages, read at first use: most installations use one or two of them. The bundler finds the
 * files by these calls, and names each by its contents.
 */
const FILES: Readonly<Record<Exclude<Locale, StaffLocale>, URL>> = {
  es: new URL('./locales/es.json', import.meta.url),
  fr: new URL('./locales/fr.json', import.meta.url),
  it: new URL('./locales/it.json', import.meta.url),
  nl: new URL('./locales/nl.json', import.meta.url),
  pl: new URL('./locales/pl.json', import.meta.url),
  'pt-PT': new URL('./locales/pt-PT.json', import.meta.url),
};

const TRANSLATORS = new Map<Locale, Translate>();

/** The texts of one language. The result is plain text, so a page must escape it like any other value. */
export function translator(locale: Locale): Translate {
  const known = TRANSLATORS.get(locale) ?? makeTranslator(locale);
  TRANSLATORS.set(locale, known);
  return known;
}

function makeTranslator(locale: Locale): Translate {
  const compiled = new Map<MessageKey, IntlMessageFormat>();
  const texts = textsOf(locale);
  return (key, ...[values]) => {
    const own = texts[key];
    const text = own ?? en[key];
    // Most texts have no placeholders and need no parser. This makes the start and the first page fast.
    if (!text.includes('{')) return text;
    let format = compiled.get(key);
    if (format === undefined) {
      format = new IntlMessageFormat(text, own === undefined ? 'en' : locale, undefined, { ignoreTag: true });
      compiled.set(key, format);
    }
    // A value may be from stored JSON. The formatter would write "undefined" into the text.
    if (Object.values(values ?? {}).includes(undefined)) throw new Error(`a value is missing for the text ${key}`);
    return String(format.format(values));
  };
}

function textsOf(locale: Locale): UserTexts {
  if (locale === 'en' || locale === 'de') return WHOLE[locale];
  // Cast boundary: the compiler checks the keys of each file in its test.
  return readTexts(FILES[locale]) as UserTexts;
}

/** A file of texts beside the code, in the bundle too. */
export function readTexts(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
