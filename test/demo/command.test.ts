import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { freePort, launch, openFolder } from '../cli/command-line.ts';
import { browserAt } from '../world.ts';

test('the demo names its portal first, signs its people in, shows captured mail and leaves nothing behind', async (t) => {
  const { folder } = openFolder(t);
  const environment = {
    PORT: String(await freePort()),
    TMPDIR: folder,
    // Settings for real data are ignored.
    SALLYPORT_DATABASE_URL: 'sqlite:/nowhere/real.db',
  };
  const demo = await launch(t, ['demo'], environment);
  const people = [...demo.text().out.matchAll(/(\S+@\S+) {2,}(\S+)$/gm)].map(([, email, password]) => ({
    email,
    password,
  }));
  assert.equal(people.length, 4);
  const portal = await fetch(demo.url);
  assert.match(await portal.text(), /href="\/sign-in">Sign in</);
  const [signIn = ''] = /http:\S+$/m.exec(demo.text().out.split(demo.url)[1] ?? '') ?? [];
  assert.equal(new URL(signIn).port, environment.PORT);
  // Node also stores its compile cache there.
  const left = () => readdirSync(folder).filter((name) => name.startsWith('sallyport-'));
  assert.equal(left().length, 1);
  const states = people.map(async (person) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${signIn}/api/v1/sign-in`, { method: 'POST', headers, body: JSON.stringify(person) });
    return Object(await answer.json()).state;
  });
  assert.deepEqual(await Promise.all(states), Array(4).fill('enrollment_required'));
  const browser = browserAt({ fetch: (request) => fetch(request, { redirect: 'manual' }) }, '192.0.2.7', signIn);
  await browser.signIn(people[0]?.email ?? '', people[0]?.password);
  await browser.enroll(Date.now() / 1000);
  const home = await browser.get('/');
  assert.ok(home.text.includes(`href="${demo.url}/"`), 'who signed in at Sallyport finds the portal');
  const mail = await fetch(`${signIn}/dev/mail`);
  assert.equal(mail.status, 200);
  assert.equal((await fetch(`${signIn}/dev/mail/nothing`)).status, 404);
  assert(!demo.text().out.includes('/invitation/'));
  assert.equal((await demo.stop()).code, 0);
  assert.deepEqual(left(), []);
});
