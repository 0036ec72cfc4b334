import assert from 'node:assert/strict';
import { test } from 'node:test';
import { german } from '#features/help/articles/de.ts';
import { english } from '#features/help/articles/en.ts';
import de from '#messages/locales/de.json' with { type: 'json' };
import { en } from '#messages/locales/en.ts';

/** "It takes about two minutes", on every page and in every mail: a person who reads two spans believes neither. */
const SPANS = {
  en: { any: /(?:it|that) takes [^.]*?minutes?/gi, one: /takes about two minutes/i },
  de: { any: /(?:das|es) dauert [^.]*?minuten?/gi, one: /dauert etwa zwei Minuten/i },
} as const;

const BOOKS = { en: { ...en, help: JSON.stringify(english) }, de: { ...de, help: JSON.stringify(german) } };

for (const locale of ['en', 'de'] as const) {
  test(`set-up takes the same time wherever it is said: ${locale}`, () => {
    const { any, one } = SPANS[locale];
    const said = Object.values<string>(BOOKS[locale]).flatMap((text) => text.match(any) ?? []);
    assert.ok(said.length >= 9, 'pages, mails and help say it');
    assert.deepEqual(
      said.filter((text) => !one.test(text)),
      [],
    );
  });
}
