import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AUDIT_ACTIONS } from '#core/audit/actions.ts';
import { SCOPES } from '#core/portals/api-key.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import german from '#messages/locales/de.json' with { type: 'json' };
import { en as english } from '#messages/locales/en.ts';
import { translator } from '#messages/messages.ts';
import { keysAskedIn, readCode } from './asked.ts';
import { shapeOf } from './shape.ts';

type Texts = Readonly<Record<string, string>>;

const en: Texts = english;
const de: Texts = german;

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
    for (const key of keys) assert.deepEqual(shapeOf(de[key], 'de', key), shapeOf(en[key], 'en', key), key);
  });

  test('a number that can pass a thousand is written with the separators of its language', () => {
    const counts = ['over', 'total', 'done', 'unchanged', 'failed', 'rows', 'missing', 'enrolled', 'people', 'shown'];
    for (const key of keys) {
      // In the shape, 1 is a placeholder that is written as it is.
      const plain = shapeOf(en[key], 'en', key).filter((one) => counts.some((count) => one === `1 ${count}`));
      assert.deepEqual(plain, [], key);
    }
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
  const code = readCode().map(({ text }) => text);
  const asked = keysAskedIn(code);

  test('no text is unused', () => {
    // Names with their own dot or colon are not part of a pattern. Their texts count as used while the name exists.
    const ofNames = new Set([
      ...Object.keys(AUDIT_ACTIONS).map((action) => `audit.action.${action}`),
      ...SCOPES.map((scope) => `apiKeys.scope.${scope}`),
      ...WEBHOOK_EVENTS.map((event) => `webhooks.event.${event}`),
    ]);
    assert.deepEqual(
      Object.keys(en).filter((key) => !asked(key) && !ofNames.has(key)),
      [],
    );
  });

  test('no text is missing', () => {
    const named = [...code.join('\n').matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((key) => en[key] === undefined),
      [],
    );
  });
});
