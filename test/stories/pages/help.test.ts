import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from '#config.ts';
import { type Brand, settingsAndBrand } from '#core/brand/brand.ts';
import {
  ARTICLE_NAMES,
  type ArticleName,
  type Block,
  type Handbook,
  type Section,
} from '#features/help/articles/article.ts';
import { english } from '#features/help/articles/en.ts';
import { handbookOf } from '#features/help/articles/handbooks.ts';
import { articlePage, helpIndexPage } from '#features/help/pages.ts';
import { helpRoutes } from '#features/help/routes.ts';
import germanTexts from '#messages/locales/de.json' with { type: 'json' };
import { en as englishTexts } from '#messages/locales/en.ts';
import { LOCALES, type Locale, languageName } from '#messages/locales.ts';
import { translator } from '#messages/messages.ts';
import type { View } from '#ui/view.ts';
import { TRANSLATIONS } from '../../messages/translations.ts';
import { OWN_ROUTES } from '../../own-routes.ts';

const SOURCE = join(import.meta.dirname, '../../../src');

const SYMPTOMS = [
  'code-incorrect',
  'code-expired',
  'code-already-used',
  'clock',
  'lost-phone',
  'lost-recovery-codes',
  'too-many-attempts',
  'new-phone',
  'password',
  'invitation',
];

describe('the help texts', () => {
  for (const locale of LOCALES) {
    test(`are built alike in ${languageName(locale)}: anchors, blocks, steps, controls, links and values`, () => {
      assert.deepEqual(Object.keys(handbookOf(locale)).sort(), [...ARTICLE_NAMES].sort());
      for (const name of ARTICLE_NAMES) {
        const { title, summary, sections } = handbookOf(locale)[name];
        assert.ok(title !== '' && summary !== '');
        assert.deepEqual(sections.map(shapeOfSection), english[name].sections.map(shapeOfSection), name);
      }
    });
  }

  test('every symptom that pages link to has its heading', () => {
    const anchors = english.troubleshooting.sections.map(({ anchor }) => anchor);
    assert.deepEqual(
      SYMPTOMS.filter((symptom) => !anchors.includes(symptom)),
      [],
    );
  });

  test('an anchor stands once in its article', () => {
    for (const name of ARTICLE_NAMES) {
      const anchors = english[name].sections.map(({ anchor }) => anchor);
      assert.equal(new Set(anchors).size, anchors.length, name);
    }
  });

  test('every link of a help text leads to a page of ours, and to a heading that exists', () => {
    const pages = OWN_ROUTES.filter(({ method, guard }) => method === 'GET' && !guard.startsWith('staff'));
    for (const name of ARTICLE_NAMES) {
      for (const href of allTexts(english, name).flatMap(hrefs)) {
        const known = isHelpTarget(href.startsWith('#') ? `/help/${name}${href}` : href);
        assert.ok(known || pages.some(({ path }) => path === href), `${name}: ${href}`);
      }
    }
  });

  test('every link to the help, anywhere in the code, leads to a heading that exists', () => {
    const code = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(SOURCE, file), 'utf8'));
    const links = code.flatMap((text) =>
      [...text.matchAll(/\/help(?:\/[a-z-]+)?(?:#[a-z-]+)?(?=['"`)])/g)].map(([link]) => link),
    );
    assert.ok(links.length > 0);
    assert.deepEqual(
      links.filter((link) => !isHelpTarget(link)),
      [],
    );
  });

  for (const locale of LOCALES) {
    test(`every control that the help names is on a screen under that name (${locale})`, () => {
      const texts = new Set<string>(Object.values(readTexts(locale)));
      const named = ARTICLE_NAMES.flatMap((name) => allTexts(handbookOf(locale), name).flatMap(controls));
      assert.deepEqual(
        [...new Set(named)].filter((control) => !texts.has(control)),
        [],
      );
    });
  }

  test('a symptom quotes the words of the refusal', () => {
    for (const locale of LOCALES) {
      const texts = new Set(Object.values(readTexts(locale)));
      const quoted = handbookOf(locale)
        .troubleshooting.sections.flatMap(({ blocks: [first] }) =>
          typeof first === 'string' ? [...first.matchAll(/[“„«]\u00a0?([^”“»]+?)\u00a0?[”“»]/g)] : [],
        )
        .map((match) => match[1] ?? '');
      assert.equal(quoted.length, 3);
      assert.deepEqual(
        quoted.filter((words) => !texts.has(words)),
        [],
      );
    }
  });

  test('all that the set-up article teaches is there', () => {
    const taught: [ArticleName, RegExp][] = [
      ['set-up', /Google Authenticator.*Microsoft Authenticator.*1Password/s],
      ['set-up', /\*\*Get Started\*\*.*QR code.*\*\*Try manual code\*\*.*\*\*Confirmation code\*\*.*\*\*Verify\*\*/s],
      ['set-up', /6 digits.*30 seconds/s],
      [
        'set-up',
        /recovery codes.*Each code works once.*away from the phone.*\*\*Done\*\*.*no one can show you these codes again/s,
      ],
      ['how-sign-in-works', /\*\*One-time code\*\*.*\*\*Verify\*\*.*30 seconds.*\*\*Use a recovery code\*\*/s],
      ['good-practice', /1Password.*recovery codes.*automatic date and time/is],
      [
        'troubleshooting',
        /Confirmation code is incorrect.*Code expired.*iPhone.*Android.*\*\*Use a recovery code\*\*.*works once/s,
      ],
      ['troubleshooting', /never ask for.*your password.*a one-time code or a recovery code/s],
    ];
    for (const [name, words] of taught) assert.match(allTexts(english, name).join('\n'), words);
  });
});

describe('the help pages', () => {
  test('are five, open to everybody', () => {
    const paths = ['/help', '/help/set-up', '/help/how-sign-in-works', '/help/good-practice', '/help/troubleshooting'];
    assert.deepEqual(
      helpRoutes.map(({ method, path, guard }) => ({ method, path, guard })),
      paths.map((path) => ({ method: 'GET', path, guard: 'public' })),
    );
  });

  for (const locale of LOCALES) {
    test(`show every section under its anchor and no mark as it is written (${locale})`, () => {
      for (const name of ARTICLE_NAMES) {
        const page = articlePage(viewOf({ locale }), name).toString();
        for (const { anchor, heading } of handbookOf(locale)[name].sections) {
          assert.ok(page.includes(`<h2 id="${anchor}">${heading}</h2>`), `${name}#${anchor}`);
          assert.ok(page.includes(`<a href="#${anchor}">${heading}</a>`), `${name}: contents`);
        }
        assert.doesNotMatch(page, /\*\*|\]\(|\{(?:product|address|contact)/);
      }
    });
  }

  test('controls are set off and links can be followed', () => {
    const page = articlePage(viewOf({}), 'set-up').toString();
    assert.ok(page.includes('select <b>Get Started</b>. You now see'));
    assert.ok(page.includes('Go to the <a href="/sign-in">sign-in page</a>, enter'));
  });

  test('the index leads to every article and straight to every symptom', () => {
    const page = helpIndexPage(viewOf({})).toString();
    for (const name of ARTICLE_NAMES) assert.ok(page.includes(`href="/help/${name}"`), name);
    for (const symptom of SYMPTOMS) assert.ok(page.includes(`href="/help/troubleshooting#${symptom}"`), symptom);
  });

  test('name the support contact when there is one, and a person otherwise', () => {
    const withContact = articlePage(
      viewOf({ brand: { supportContact: 'help@acme.example' } }),
      'troubleshooting',
    ).toString();
    assert.ok(withContact.includes('contact <a href="mailto:help@acme.example">help@acme.example</a>.'));
    const without = articlePage(viewOf({}), 'troubleshooting').toString();
    assert.ok(without.includes('contact the person who manages your partner account with us.'));
    assert.ok(!without.includes('mailto:'));
  });

  test('tell our address to its last slash, and the name of the product as text', () => {
    const brand = { issuer: '<b>**Acme** & {contact}' };
    const goodPractice = articlePage(viewOf({ brand }), 'good-practice').toString();
    assert.ok(goodPractice.includes('starts with <code>http://localhost:3000/</code>.'));
    const setUp = articlePage(viewOf({ brand }), 'set-up').toString();
    assert.ok(setUp.includes('An entry called &lt;b&gt;**Acme** &amp; {contact} appears'));
  });
});

function readTexts(locale: Locale): Readonly<Record<string, string>> {
  return { en: englishTexts, de: germanTexts, ...TRANSLATIONS }[locale];
}

function viewOf({ locale = 'en', brand = {} }: { locale?: Locale; brand?: Partial<Brand> }): View {
  const loaded = loadConfig({}, { root: '/nowhere' });
  assert.ok(!('problem' in loaded));
  const shown = { ...settingsAndBrand(loaded).brand(), ...brand };
  const drawn = { locale, t: translator(locale), now: 0, path: '/help', formToken: 'token' };
  return { config: loaded, brand: shown, ...drawn };
}

function isHelpTarget(link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const name = ARTICLE_NAMES.find((name) => path === `/help/${name}`);
  if (name === undefined) return path === '/help' && anchor === undefined;
  return anchor === undefined || english[name].sections.some((section) => section.anchor === anchor);
}

function textsOf(block: Block): readonly string[] {
  if (typeof block === 'string') return [block];
  return 'steps' in block ? block.steps : block.points;
}

function allTexts(handbook: Handbook, name: ArticleName): string[] {
  return handbook[name].sections.flatMap(({ heading, blocks }) => [
    heading,
    ...blocks.flatMap((block) => [typeof block === 'string' ? '' : (block.title ?? ''), ...textsOf(block)]),
  ]);
}

function controls(text: string): string[] {
  return [...text.matchAll(/\*\*([^*]+)\*\*/g)].map((match) => match[1] ?? '');
}

function hrefs(text: string): string[] {
  return [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
}

/** The parts that are equal in every language: everything except the words. */
function shapeOfSection({ anchor, blocks }: Section): unknown {
  const shapeOfText = (text: string) => ({
    controls: controls(text).length,
    hrefs: hrefs(text),
    values: [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
  });
  return {
    anchor,
    blocks: blocks.map((block) => ({
      kind: typeof block === 'string' ? 'text' : 'steps' in block ? 'steps' : 'points',
      titled: typeof block !== 'string' && block.title !== undefined,
      texts: textsOf(block).map(shapeOfText),
    })),
  };
}
