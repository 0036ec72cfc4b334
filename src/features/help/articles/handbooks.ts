import type { Locale, StaffLocale } from '#messages/locales.ts';
import { readTexts } from '#messages/messages.ts';
import type { Handbook } from './article.ts';
import { german } from './de.ts';
import { english } from './en.ts';

/** Read at first use, and found and named by the bundler, like the files of `messages/messages.ts`. */
const FILES: Readonly<Record<Exclude<Locale, StaffLocale>, URL>> = {
  es: new URL('./es.json', import.meta.url),
  fr: new URL('./fr.json', import.meta.url),
  it: new URL('./it.json', import.meta.url),
  nl: new URL('./nl.json', import.meta.url),
  pl: new URL('./pl.json', import.meta.url),
  'pt-PT': new URL('./pt-PT.json', import.meta.url),
};

const READ = new Map<Locale, Handbook>();

export function handbookOf(locale: Locale): Handbook {
  if (locale === 'en') return english;
  if (locale === 'de') return german;
  const handbook = READ.get(locale) ?? readHandbook(FILES[locale]);
  READ.set(locale, handbook);
  return handbook;
}

function readHandbook(file: URL): Handbook {
  // Cast boundary: the compiler checks the articles of each file in its test, and the test their sections.
  return readTexts(file) as Handbook;
}
