import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { freePort, launch, openFolder } from './command-line.ts';

test('the demo signs its people in, shows captured mail and leaves nothing behind', async (t) => {
  const { folder } = openFolder(t);
  const environment = {
    PORT: String(await freePort()),
    TMPDIR: folder,
    // What points at real data is passed over.
    SALLYPORT_DATABASE_URL: 'sqlite:/nowhere/real.db',
  };
  const demo = await launch(t, ['demo'], environment);
  const people = [...demo.text().out.matchAll(/(\S+@\S+) {2,}(\S+)$/gm)].map(([, email, password]) => ({
    email,
    password,
  }));
  assert.equal(people.length, 3);
  // Node keeps its compile cache there too.
  const left = () => readdirSync(folder).filter((name) => name.startsWith('sallyport-'));
  assert.equal(left().length, 1);
  const states = people.map(async (person) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${demo.url}/api/v1/sign-in`, { method: 'POST', headers, body: JSON.stringify(person) });
    return Object(await answer.json()).state;
  });
  assert.deepEqual(await Promise.all(states), ['enrollment_required', 'enrollment_required', 'enrollment_required']);
  const mail = await fetch(`${demo.url}/dev/mail`);
  assert.equal(mail.status, 200);
  assert.equal((await fetch(`${demo.url}/dev/mail/nothing`)).status, 404);
  assert(!demo.text().out.includes('/invitation/'));
  assert.equal((await demo.stop()).code, 0);
  assert.deepEqual(left(), []);
});
