import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import de from '#messages/locales/de.json' with { type: 'json' };
import { en } from '#messages/locales/en.ts';
import { STAFF_LOCALES, type StaffLocale } from '#messages/locales.ts';
import type { MessageKey } from '#messages/messages.ts';

const ARTICLES = join(import.meta.dirname, '../src/features/help/articles');

/** Words that nobody says today, pictures of ours, and names that are not the product's, by language. */
const GIVEN_UP: Readonly<Record<StaffLocale, readonly RegExp[]>> = {
  en: [
    /\bdoors?\b/i,
    /\b(?:whoever|whom|anew|amid|begun|somebody|everybody|nobody|learnt)\b/i,
    /\b(?:save|but) for\b|\bfor good\b|\bgood (?:for|until)\b|\ball the same\b|\bno way round\b/i,
    /\b(?:is|are|was|were) told\b|\btrail\b|\bdead\b|\btakes a (?:second|passkey)/i,
    /\bbrings? (?:\w+ )*back\b|\bfits\b|\bcannot\b|\bticked\b/i,
    /\blog ?in\b|(?<!Back-channel |Post-)\blog ?out\b|\b(?:backup|scratch) codes?\b/i,
    /\b(?:colour|recognise|authorise|organisation)/i,
  ],
  de: [
    /\bTür(?:en)?\b/,
    /„Nicht jetzt“/,
    /\bLeitung\b|\bselbst einlassen\b/,
    /\bVorläufige\w* Zugangscode/i,
    /(?<!E-)\bMails?\b/,
    /\bbackup|\beinloggen\b|\bLogin\b/i,
    /\bausgenommen\b|\bAusnahmen?\b/,
    /(?:setz|gesetzt)\w* (?:Sie )?(?:jetzt )?ein neues Passwort/,
    /"/,
  ],
};

describe('words', () => {
  const texts = (locale: StaffLocale): Readonly<Record<string, string>> => {
    const articles = readdirSync(ARTICLES).filter((file) => file.startsWith(locale));
    const lines = articles.flatMap((file) => readFileSync(join(ARTICLES, file), 'utf8').split('\n'));
    const said = lines.filter((line) => !line.includes('anchor:')).map((line, index) => [`article ${index}`, line]);
    return { ...{ en, de }[locale], ...Object.fromEntries(said) };
  };

  for (const locale of STAFF_LOCALES) {
    test(`no text in ${locale} uses a word that was given up`, () => {
      const found = Object.entries(texts(locale)).flatMap(([key, text]) =>
        GIVEN_UP[locale].flatMap((word) => (word.test(text) ? [`${key}: ${word.exec(text)?.[0]}`] : [])),
      );
      assert.deepEqual(found, []);
    });
  }

  test('a button of another language is quoted as it stands there', () => {
    assert.ok(de['policy.effect.optional'].includes(`„${de['enroll.notNow']}“`));
    assert.ok(en['policy.effect.optional'].includes(`“${en['enroll.notNow']}”`));
  });

  test('the words of the article stand where its steps use them', () => {
    const expected: Partial<Record<MessageKey, string>> = {
      'field.email': 'Email',
      'field.password': 'Password',
      'button.signIn': 'Sign in',
      'enroll.title': 'Two-Factor Authentication',
      'enroll.getStarted': 'Get Started',
      'setUp.manual': 'Try manual code',
      'setUp.copy': 'Copy',
      'field.confirmationCode': 'Confirmation code',
      'button.verify': 'Verify',
      'recoveryCodes.copy': 'Copy',
      'recoveryCodes.download': 'Download',
      'recoveryCodes.print': 'Print',
      'recoveryCodes.saved': 'I have saved these recovery codes',
      'recoveryCodes.done': 'Done',
      'field.oneTimeCode': 'One-time code',
      'signIn.useRecoveryCode': 'Use a recovery code',
      'field.recoveryCode': 'Recovery code',
      'refusal.code.setUp': 'Confirmation code is incorrect',
      'refusal.code.signIn': 'One-time code is incorrect',
      'refusal.expired.title': 'Code expired',
    };
    const keys = Object.keys(expected) as MessageKey[];
    assert.deepEqual(Object.fromEntries(keys.map((key) => [key, en[key]])), expected);
  });
});
