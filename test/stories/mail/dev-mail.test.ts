import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { devMailRoutes } from '#features/dev-mail/routes.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { createApp } from '#http/app.ts';
import { ORIGIN, openWorld } from '../../world.ts';

test('captured mail is listed and shown escaped, with our own links alone to be clicked', async (t) => {
  const environment = { SALLYPORT_SUPPORT_CONTACT: '<b>us</b> https://elsewhere.example/x' };
  const { env } = await openWorld(t, { environment });
  const person = {
    email: 'csm@portal.example',
    name: undefined,
    role: 'csm',
    partner: undefined,
    password: undefined,
  } as const;
  const added = await addPerson(env, 'system', person);
  assert(!isRefusal(added));
  const app = createApp(env, devMailRoutes);
  const get = async (path: string) => (await app.fetch(new Request(`${ORIGIN}${path}`))).text();
  const [, path = ''] = /href="(\/dev\/mail\/[^"]+)"/.exec(await get('/dev/mail')) ?? [];
  const page = await get(path);
  assert(page.includes(`<a href="${added.invitation?.url}">`));
  assert(page.includes('&lt;b&gt;us&lt;/b&gt; https://elsewhere.example/x</p>'));
});
