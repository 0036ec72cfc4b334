import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocale, LOCALES, type Locale, languageName, localeFor, negotiateLocale } from '#messages/locales.ts';

test('the first range that we speak wins, by weight and then by order', () => {
  const expected: [string | undefined, Locale][] = [
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['de-AT', 'de'],
    ['DE-at', 'de'],
    ['de-AT,en;q=0.5', 'de'],
    ['en;q=0.5, de;q=0.9', 'de'],
    ['fr-FR, fr;q=0.9, de;q=0.2', 'fr'],
    ['sv-SE, sv;q=0.9, de;q=0.2', 'de'],
    ['nl-BE, fr-BE;q=0.9', 'nl'],
    ['es-419', 'es'],
    ['pt-BR, pt;q=0.9, en;q=0.8', 'pt-PT'],
    ['pt', 'pt-PT'],
    ['it-CH;q=0.4, pl;q=0.5', 'pl'],
    ['en-GB, de', 'en'],
    ['de, en', 'de'],
    ['sv, *;q=0.5', 'en'],
    ['de;q=0, sv', 'en'],
    ['de;q=0.001', 'de'],
  ];
  for (const [header, locale] of expected) assert.equal(negotiateLocale(header), locale, `Accept-Language: ${header}`);
});

test('a range that nobody can read is no wish', () => {
  const unreadable = ['de;q=2', 'de;q=-1', 'de;q=', 'de;q=NaN', 'de;q=1e0', 'deu', ';', ',,,', 'de_AT', '-de', 'd e'];
  for (const header of unreadable) assert.equal(negotiateLocale(header), 'en', header);
});

test('each language is named in itself, in the order of the alphabet', () => {
  assert.deepEqual(LOCALES.map(languageName), [
    'Deutsch',
    'English',
    'Español',
    'Français',
    'Italiano',
    'Nederlands',
    'Polski',
    'Português',
  ]);
});

test('only our own languages are locales', () => {
  assert.equal(isLocale('de'), true);
  assert.equal(isLocale('pt-PT'), true);
  for (const text of [undefined, '', 'DE', 'sv', 'pt', 'pt-BR', 'toString', '__proto__'])
    assert.equal(isLocale(text), false);
  for (const tag of ['', '-', 'toString', '__proto__', 'x-y']) assert.equal(localeFor(tag), undefined, tag);
});

test('a locale is a tag that dates and plurals know as it is', () => {
  for (const locale of LOCALES) {
    assert.deepEqual(Intl.getCanonicalLocales(locale), [locale]);
    assert.equal(new Intl.DateTimeFormat(locale).resolvedOptions().locale, locale);
    assert.equal(new Intl.PluralRules(locale).resolvedOptions().locale, locale);
  }
});
