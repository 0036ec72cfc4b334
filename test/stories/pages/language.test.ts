import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageRoutes } from '#features/language/routes.ts';
import type { Reply } from '#http/pages/reply.ts';
import { ANA, openWithAna } from '../../story.ts';

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
  assert.deepEqual(send({ language: 'fr', return_to: '/help' }), { status: 303, location: '/help', cookies: [] });
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
