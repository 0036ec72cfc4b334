import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { IntlMessageFormat } from 'intl-messageformat';
import { AUDIT_ACTIONS } from '#core/audit/actions.ts';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import german from '#messages/locales/de.json' with { type: 'json' };
import { en as english } from '#messages/locales/en.ts';
import { isLocale, LOCALES, type Locale, languageName, negotiateLocale, translator } from '#messages/messages.ts';

type Texts = Readonly<Record<string, string>>;

const SOURCE = join(import.meta.dirname, '../src');

const en: Texts = english;
const de: Texts = german;

describe('languages', () => {
  test('the first range that we speak wins, by weight and then by order', () => {
    const expected: [string | undefined, Locale][] = [
      [undefined, 'en'],
      ['', 'en'],
      ['de', 'de'],
      ['de-AT', 'de'],
      ['DE-at', 'de'],
      ['de-AT,en;q=0.5', 'de'],
      ['en;q=0.5, de;q=0.9', 'de'],
      ['fr-FR, fr;q=0.9, de;q=0.2', 'de'],
      ['en-GB, de', 'en'],
      ['de, en', 'de'],
      ['fr, *;q=0.5', 'en'],
      ['de;q=0, fr', 'en'],
      ['de;q=0.001', 'de'],
    ];
    for (const [header, locale] of expected)
      assert.equal(negotiateLocale(header), locale, `Accept-Language: ${header}`);
  });

  test('a range that nobody can read is no wish', () => {
    for (const header of [
      'de;q=2',
      'de;q=-1',
      'de;q=',
      'de;q=NaN',
      'de;q=1e0',
      'deu',
      ';',
      ',,,',
      'de_AT',
      '-de',
      'd e',
    ]) {
      assert.equal(negotiateLocale(header), 'en', header);
    }
  });

  test('each language is named in itself', () => {
    assert.deepEqual(LOCALES.map(languageName), ['English', 'Deutsch']);
  });

  test('only our own languages are locales', () => {
    assert.equal(isLocale('de'), true);
    for (const text of [undefined, '', 'DE', 'fr', 'toString', '__proto__']) assert.equal(isLocale(text), false);
  });
});

describe('texts', () => {
  const keys = Object.keys(en);

  test('both languages have the same keys, sorted', () => {
    assert.deepEqual(Object.keys(de), keys);
    assert.deepEqual([...keys].sort(), keys);
  });

  test('no text is empty, and none has outer or doubled spaces', () => {
    for (const texts of [en, de]) {
      for (const [key, text] of Object.entries(texts)) assert.match(text, /^\S+(?: \S+)*$/, key);
    }
  });

  test('each text has the same placeholders in both languages, and every plural its categories', () => {
    for (const key of keys) assert.deepEqual(shapeOf(de, key, 'de'), shapeOf(en, key, 'en'), key);
  });

  test('no text holds markup, and none needs the parser only to undo a quote', () => {
    for (const texts of [en, de]) {
      for (const [key, text] of Object.entries(texts)) {
        assert.doesNotMatch(text, /[<>]|&#?\w+;/, key);
        assert.doesNotMatch(text, /''/, `${key}: without a placeholder the text is shown as it is`);
      }
    }
  });

  test('a text with a placeholder is filled in, a plural by the number', () => {
    const translate = translator('en');
    assert.equal(translate('duration.minutes', { count: 1 }), 'in 1 minute');
    assert.equal(translate('duration.minutes', { count: 12 }), 'in 12 minutes');
  });

  test('a text that is not filled in whole does not compile, and throws', () => {
    const translate = translator('en');
    // @ts-expect-error the text asks for `count`
    assert.throws(() => translate('duration.minutes'));
    // @ts-expect-error and for nothing else
    assert.throws(() => translate('duration.minutes', { counts: 1 }));
    // @ts-expect-error a plural counts numbers
    translate('duration.minutes', { count: '1' });
    // @ts-expect-error a placeholder inside the arm of a plural counts too
    assert.throws(() => translate('policy.hits', { people: 1 }));
    const kind: 'new_device' | 'invited_again' = Math.random() < 2 ? 'invited_again' : 'new_device';
    // @ts-expect-error one of these kinds asks for `partner`
    assert.throws(() => translate(`mail.${kind}.text`, { product: 'A' }));
    // @ts-expect-error a text without placeholders takes nothing
    translate('signIn.title', { product: 'A' });
    assert.match(translate('policy.hits', { people: 1, missing: 1 }), /1 of 1/);
  });

  test('every placeholder is of a form that the types of the texts understand', () => {
    for (const texts of [en, de]) {
      for (const [key, text] of Object.entries(texts)) {
        assert.doesNotMatch(text, /'[{}]/, `${key}: quoted braces`);
        const kinds = [...text.matchAll(/\{\w+,([^{}]*?)(?:[{}]| [=\w]+ \{)/g)].map((match) => match[1]);
        for (const kind of kinds) assert.match(kind ?? '', /^ (?:number|plural,|select,)$/, key);
      }
    }
  });

  test('what is filled in stays text: no tag and no placeholder in it is read', () => {
    const product = "<b>{count}</b> '{";
    assert.ok(translator('en')('mail.closing', { product }).includes(product));
  });

  test('the words of the article are on the screens exactly', () => {
    const words = [
      'Email',
      'Password',
      'Sign in',
      'Two-Factor Authentication',
      'Get Started',
      'Try manual code',
      'Copy',
      'Confirmation code',
      'Verify',
      'Download',
      'Print',
      'I have saved these recovery codes',
      'Done',
      'One-time code',
      'Use a recovery code',
      'Recovery code',
      'Confirmation code is incorrect',
      'One-time code is incorrect',
      'Code expired',
      'New password',
      'Save',
      'Sign out',
      'Not now',
    ];
    const texts = new Set(Object.values(en));
    assert.deepEqual(
      words.filter((word) => !texts.has(word)),
      [],
    );
  });
});

describe('texts and code', () => {
  const code = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('messages/locales'))
    .map((file) => readFileSync(join(SOURCE, file), 'utf8'))
    .join('\n');
  const prefixes = new Set(Object.keys(en).map((key) => key.slice(0, key.indexOf('.'))));
  const literals = new Set([...code.matchAll(/'([a-z][\w-]*(?:\.[\w-]+)+)'/g)].map((match) => match[1] ?? ''));
  // `duration.${unit}` in the code matches every key of that form. The compiler checks that all of them exist.
  const patterns = [...code.matchAll(/`([a-z][\w-]*\.[\w.-]*\$\{[^`]*)`/g)].map(
    (match) => new RegExp(`^${(match[1] ?? '').replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[\\w-]+')}$`),
  );

  test('no text is unused', () => {
    // Names with their own dot or colon are not part of a pattern. Their texts count as used while the name exists.
    const ofNames = new Set([
      ...Object.keys(AUDIT_ACTIONS).map((action) => `action.${action}`),
      ...SCOPES.map((scope) => `keys.scope.${scope}`),
      ...WEBHOOK_EVENTS.map((event) => `webhooks.event.${event}`),
    ]);
    const isUsed = (key: string) =>
      literals.has(key) || ofNames.has(key) || patterns.some((pattern) => pattern.test(key));
    assert.deepEqual(
      Object.keys(en).filter((key) => !isUsed(key)),
      [],
    );
  });

  test('no text is missing', () => {
    const asked = [...code.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    assert.ok(asked.length > 0 && prefixes.size > 0);
    assert.deepEqual(
      asked.filter((key) => en[key] === undefined),
      [],
    );
  });
});

type Elements = ReturnType<IntlMessageFormat['getAst']>;

/** The kinds and names of a text's placeholders. Also checks that its plurals have the categories of the language. */
function shapeOf(texts: Texts, key: string, locale: Locale): string[] {
  const ast = new IntlMessageFormat(texts[key] ?? '', locale, undefined, { ignoreTag: true }).getAst();
  const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
  return [...new Set(describeElements(ast, key, categories))].sort();
}

function describeElements(elements: Elements, key: string, categories: readonly string[]): string[] {
  return elements.flatMap((element) => {
    if (!('value' in element) || element.type === 0) return [];
    const name = `${element.type} ${element.value}`;
    if (!('options' in element)) return [name];
    const options = Object.keys(element.options);
    if ('pluralType' in element) {
      const named = options.filter((option) => !option.startsWith('='));
      assert.deepEqual(named.sort(), [...categories].sort(), `${key}: plural categories`);
    }
    const inner = Object.values(element.options).flatMap((option) => describeElements(option.value, key, categories));
    return [`${name} ${'pluralType' in element ? '' : options.sort().join()}`, ...inner];
  });
}
