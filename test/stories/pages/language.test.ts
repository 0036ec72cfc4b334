import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageRoutes } from '#features/language/routes.ts';
import type { Reply } from '#http/pages/reply.ts';
import { ANA, openWithAna } from '../../story.ts';
import { openWorld, type Person } from '../../world.ts';
import { enterStaff, ROBIN } from '../console/console-story.ts';

const [switchLanguage] = languageRoutes;

function send(input: Record<string, string>): Reply {
  assert.ok(switchLanguage);
  // The app's parsing is not under test here. This is its result.
  return switchLanguage.handle({ input } as never) as Reply;
}

test('the language stays for a year and the person stays on the page', () => {
  assert.deepEqual(send({ language: 'de', return_to: '/help/set-up?from=mail' }), {
    status: 303,
    location: '/help/set-up?from=mail',
    cookies: [{ cookie: 'language', value: 'de', maxAgeSeconds: 31_536_000 }],
  });
});

test('the switch leads to no other origin', () => {
  for (const return_to of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/.//evil.example', '']) {
    assert.equal(send({ language: 'de', return_to }).location, '/', return_to);
  }
});

test('a language that we do not have sets no cookie', () => {
  assert.deepEqual(send({ language: 'sv', return_to: '/help' }), { status: 303, location: '/help', cookies: [] });
  assert.deepEqual(send({}), { status: 303, location: '/', cookies: [] });
});

test('a mail speaks the language of the page that asked, until its person has signed in', async (t) => {
  const { world } = await openWithAna(t);
  const browser = world.person();
  await browser.post('/language', { language: 'de', return_to: '/forgot-password' });
  await browser.get('/forgot-password');
  await browser.post('/forgot-password', { email: ANA });
  assert.deepEqual(
    (await world.mail()).map(({ kind, locale }) => [kind, locale]),
    [['password_reset', 'de']],
  );
});

test('a person whose browser speaks French reads French pages and gets French mail', async (t) => {
  const { world } = await openWithAna(t);
  const browser = world.person();
  await browser.post('/language', { language: 'fr', return_to: '/sign-in' });
  const { text } = await browser.get('/sign-in');
  assert.match(text, /<html lang="fr">/);
  assert.match(text, /<h1>Connexion<\/h1>/);
  await browser.get('/forgot-password');
  await browser.post('/forgot-password', { email: ANA });
  const [mail] = await world.mail();
  assert.equal(mail?.locale, 'fr');
});

test('the switch names every language in itself and marks the one in force', async (t) => {
  const browser = (await openWorld(t)).person();
  await browser.post('/language', { language: 'pt-PT', return_to: '/sign-in' });
  assert.deepEqual(offeredIn((await browser.get('/sign-in')).text), [
    'de',
    'en',
    'es',
    'fr',
    'it',
    'nl',
    'pl',
    'pt-PT',
  ]);
  assert.match((await browser.get('/sign-in')).text, /value="pt-PT" lang="pt-PT" aria-current="true">Português</);
});

test('the console says that it is in English when it is, to staff who read another language', async (t) => {
  const world = await openWorld(t);
  const browser = await enterStaff(world, 'admin', ROBIN);
  await browser.post('/language', { language: 'pl', return_to: '/' });
  for (const path of ['/console/partners', '/console/audit', '/console/staff']) await expectEnglish(browser, path);
  const security = await browser.get('/security');
  assert.match(security.text, /<html lang="pl">/);
  assert.match(security.text, /href="\/console"/);
  await browser.post('/language', { language: 'de', return_to: '/' });
  assert.match((await browser.get('/console/partners')).text, /<html lang="de">/);
});

async function expectEnglish(browser: Person, path: string): Promise<void> {
  const { status, text } = await browser.get(path);
  assert.equal(status, 200, path);
  assert.match(text, /<html lang="en">/, path);
  // A choice that changes nothing on this page would be no choice.
  assert.deepEqual(offeredIn(text), ['de', 'en'], path);
}

/** The languages of the switch. */
function offeredIn(page: string): string[] {
  return [...page.matchAll(/name="language" value="([\w-]+)"/g)].map(([, locale]) => locale ?? '');
}
