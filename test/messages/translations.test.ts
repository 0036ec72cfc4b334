import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, test } from 'node:test';
import { SHOWN_TO_MANAGERS } from '#features/team/activity.ts';
import { isUserKey, SHARED_KEYS } from '#messages/audience.ts';
import { en as english } from '#messages/locales/en.ts';
import { languageName } from '#messages/locales.ts';
import { type MessageKey, translator } from '#messages/messages.ts';
import { keysAskedIn, readCode } from './asked.ts';
import { SAME_AS_ENGLISH } from './same-as-english.ts';
import { shapeOf } from './shape.ts';
import { TRANSLATIONS, type Translated } from './translations.ts';
import { UNTRANSLATED } from './untranslated.ts';

const en: Readonly<Record<string, string>> = english;
// Cast boundary: the keys of the table are its type.
const LANGUAGES = Object.keys(TRANSLATIONS) as Translated[];
const OF_USERS = (Object.keys(english) as MessageKey[]).filter(isUserKey);
const KEYS = OF_USERS.filter((key) => !UNTRANSLATED.some((waiting) => waiting === key));

/** Rooms that show texts to staff alone, or name keys that are no texts. */
const STAFF_ROOMS =
  /^(cli|core\/audit|demo|features\/(console|management|operate)|flows\/(administration|audit)|store|telemetry|webhooks)\//;

describe('who reads a text', () => {
  const ofUsers = readCode().filter(({ path }) => !STAFF_ROOMS.test(path));

  test('what the code of users asks for is a text of users', () => {
    const asked = keysAskedIn(ofUsers.map(({ text }) => text));
    const staffOnly = (Object.keys(english) as MessageKey[]).filter((key) => !isUserKey(key));
    assert.ok(staffOnly.length > 500);
    assert.deepEqual(staffOnly.filter(asked), []);
  });

  test('a text of staff is shared only where a team page shows it', () => {
    const asked = keysAskedIn(ofUsers.map(({ text }) => text));
    assert.deepEqual(
      SHARED_KEYS.filter((key) => !asked(key) && !key.startsWith('audit.action.')),
      [],
    );
    // The page of activity shows an invitation to somebody who has access as any other.
    const events = SHOWN_TO_MANAGERS.filter((action) => action !== 'invitation.to_existing');
    assert.deepEqual(
      SHARED_KEYS.filter((key) => key.startsWith('audit.action.')),
      events.map((action) => `audit.action.${action}`).sort(),
    );
  });

  test('a feature of which users see no text is one of staff', () => {
    const asked = keysAskedIn(ofUsers.map(({ text }) => text));
    const own = OF_USERS.filter((key) => !SHARED_KEYS.some((shared) => shared === key));
    const features = Map.groupBy(own, (key) => key.split('.')[0]);
    const unseen = [...features].filter(([, keys]) => !keys.some(asked)).map(([feature]) => feature);
    assert.deepEqual(unseen, []);
  });
});

for (const locale of LANGUAGES) {
  const texts: Readonly<Record<string, string>> = TRANSLATIONS[locale];

  describe(languageName(locale), () => {
    test('has every text of users except those that wait, and no other, sorted', () => {
      assert.deepEqual(Object.keys(texts), KEYS);
    });

    test('has the placeholders of the English text, and in each plural exactly the categories it needs', () => {
      for (const key of KEYS) assert.deepEqual(shapeOf(texts[key], locale, key), shapeOf(en[key], 'en', key), key);
    });

    test('leaves no English behind', () => {
      const same = KEYS.filter((key) => texts[key] === en[key]);
      assert.deepEqual(
        same.filter((key) => !SAME_AS_ENGLISH[locale].includes(key)),
        [],
      );
      assert.deepEqual(
        SAME_AS_ENGLISH[locale].filter((key) => !same.includes(key)),
        [],
        'allowed, but differs now',
      );
    });

    test('has no empty text, no markup, no stray space and no straight quotation mark', () => {
      for (const key of KEYS) {
        const text = texts[key] ?? '';
        assert.match(text, /^[^\s](?:.*[^\s])?$/u, key);
        assert.doesNotMatch(text, / {2}|[<>"]|&#?\w+;|'/, key);
      }
    });

    test('keeps its own typographic rules', () => {
      for (const key of KEYS) {
        for (const [rule, broken] of RULES[locale]) assert.doesNotMatch(texts[key] ?? '', broken, `${key}: ${rule}`);
      }
    });
  });
}

/** What each language forbids. An address or a time such as 10:30 has no space before its colon. */
const RULES: Readonly<Record<Translated, readonly (readonly [string, RegExp])[]>> = {
  es: [
    ['a question opens with ¿', /^[^¿]*\?/],
    ['an exclamation opens with ¡', /^[^¡]*!/],
    ['quotation marks are « »', /[“”„]/],
  ],
  fr: [
    ['a narrow no-break space (U+202F) before ? ! ;', /[^\u202f][?!;]/],
    ['a no-break space (U+00A0) before a colon', /[^\u00a0\d]:(?!\/\/)/],
    ['« and » with a no-break space (U+00A0) inside', /«(?!\u00a0)|[^\u00a0]»|[“”„]/],
  ],
  it: [['quotation marks are « »', /[“”„]/]],
  nl: [['quotation marks are “ ”', /[«»„]/]],
  pl: [['quotation marks are „ ”', /[«»“]/]],
  'pt-PT': [['quotation marks are « »', /[“”„]/]],
};

test('a text that only staff read is in English, with English plurals', () => {
  const french = translator('fr');
  assert.equal(french('console.audit'), en['console.audit']);
  // In French, 0 is singular.
  const hits = { people: 1, missing: 0 };
  assert.equal(french('policy.hits', hits), translator('en')('policy.hits', hits));
});

test('a plural takes the word of its number', () => {
  const polish = [1, 2, 5, 22, 25].map((count) => translator('pl')('duration.span.minutes', { count }));
  assert.deepEqual(polish, ['1 minutę', '2 minuty', '5 minut', '22 minuty', '25 minut']);
  const portuguese = [0, 1, 2].map((count) => translator('pt-PT')('duration.span.days', { count }));
  assert.deepEqual(portuguese, ['0 dias', '1 dia', '2 dias']);
  const french = [0, 1, 2].map((count) => translator('fr')('duration.span.days', { count }));
  assert.deepEqual(french, ['0 jour', '1 jour', '2 jours']);
});

test('the file of a language is read when its first text is needed, and once', (t) => {
  const read = t.mock.method(fs, 'readFileSync');
  syncBuiltinESMExports();
  translator('nl')('signIn.title');
  assert.equal(read.mock.callCount(), 1);
  assert.match(String(read.mock.calls[0]?.arguments[0]), /\/nl\.json$/);
  translator('nl')('signIn.title');
  assert.equal(read.mock.callCount(), 1);
  read.mock.restore();
  syncBuiltinESMExports();
});
