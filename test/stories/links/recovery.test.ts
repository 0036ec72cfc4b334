import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tokenHash } from '#core/values/token.ts';
import { setDisabled } from '#store/people/user-life.ts';
import type { Person, World } from '../../world.ts';
import { askForLink, countRows, EMAIL, NEW_PASSWORD, worldWithAna } from './recovery-story.ts';

describe('a link to set a password', () => {
  test('leads to a password that signs in with the second factor and without which it does not', async (t) => {
    const { world, ana } = await worldWithAna(t);
    const secret = await world.addAuthenticator(ana.id);
    const person = world.person();
    const link = await askForLink(world, person);
    const form = await person.get(link);
    assert.match(form.text, /<label for="password">New password<\/label>/);
    assert.match(form.text, /autocomplete="username" value="ana@acme.example" readonly/);
    assert.match(form.text, /At least 12 characters/);
    const saved = await person.post(link, { password: NEW_PASSWORD });
    assert.equal(saved.status, 303);
    assert.equal(saved.location, '/sign-in?password-saved');
    assert.match((await person.get('/sign-in?password-saved')).text, /Your new password is saved/);
    assert.equal(await countRows(world, 'sessions'), 0);
    assert.equal((await person.get('/')).location, '/sign-in?return_to=%2F');
    assert.equal((await person.signIn(EMAIL)).status, 401);
    assert.equal((await person.signIn(EMAIL, NEW_PASSWORD)).location, '/sign-in/one-time-code');
    assert.equal((await person.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
    assert.equal((await person.get('/')).status, 200);
    assert.ok((await world.events()).some(({ action, subject }) => action === 'password.reset' && subject === ana.id));
  });

  test('is not used up by looking, nor by a password that is refused', async (t) => {
    const { world } = await worldWithAna(t);
    const person = world.person();
    const link = await askForLink(world, person);
    for (let i = 0; i < 3; i++) assert.equal((await person.get(link)).status, 200);
    for (const [password, words] of [
      ['', 'Choose a longer password'],
      ['short but', 'Choose a longer password'],
      ['x'.repeat(1025), 'Choose a shorter password'],
      ['passwordpassword', 'Choose a less common password'],
      ['Acme-Telecom-2026!', 'Choose a password without your name or company'],
      ['Partner Interface!', 'Choose a password without your name or company'],
    ] as const) {
      const refused = await person.post(link, { password });
      assert.equal(refused.status, 422, password);
      assert.ok(refused.text.includes(words), password);
      assert.ok(password === '' || !refused.text.includes(password), 'a password is never echoed');
    }
    assert.equal((await person.post(link, { password: NEW_PASSWORD })).status, 303);
  });

  test('that is used, replaced, over, malformed or of a disabled user is a page that says how to get a new one', async (t) => {
    const { world, ana } = await worldWithAna(t);
    const person = world.person();
    const replaced = await askForLink(world, person);
    const used = await askForLink(world, person);
    assert.equal((await person.get(replaced)).status, 404, 'a newer link takes its place');
    assert.equal((await person.post(used, { password: NEW_PASSWORD })).status, 303);
    const over = await askForLink(world, person);
    world.clock.at += 30 * 60;
    world.clock.at += 3600;
    const ofDisabled = await askForLink(world, person);
    await world.env.db.transaction((tx) => setDisabled(tx, ana.id, world.clock.at));
    for (const path of [replaced, used, over, ofDisabled, '/password/x', `/password/${'A'.repeat(43)}`]) {
      const dead = await person.get(path);
      assert.equal(dead.status, 404, path);
      assert.match(dead.text, /href="\/forgot-password"/);
      await person.get('/forgot-password');
      assert.equal((await person.post(path, { password: NEW_PASSWORD })).status, 404, path);
    }
  });

  test('sent twenty times at once sets a password once', async (t) => {
    const { world } = await worldWithAna(t);
    const link = await askForLink(world);
    const browsers = Array.from({ length: 20 }, () => world.person());
    await Promise.all(browsers.map((person) => person.get(link)));
    const answers = await Promise.all(
      browsers.map((person, index) => person.post(link, { password: `${NEW_PASSWORD} ${index}` })),
    );
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 404).length, 19);
    assert.equal((await world.events()).filter(({ action }) => action === 'password.reset').length, 1);
  });

  test('ends sessions, pending sign-ins, shown secrets and known devices, and no one else’s', async (t) => {
    const { world, partner, ana } = await worldWithAna(t);
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
    const boBrowser = await signedIn(world, bo);
    const anaBrowser = await signedIn(world, ana);
    const halfWay = world.person();
    await halfWay.signIn(EMAIL);
    const api = await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password: 'lantern otter velvet 9' });
    const link = await askForLink(world);
    assert.equal((await world.person().post(link, { password: NEW_PASSWORD })).status, 303);
    assert.equal((await anaBrowser.get('/')).location, '/sign-in?return_to=%2F');
    assert.equal((await halfWay.get('/sign-in/one-time-code')).location, '/sign-in');
    const token = String(api.body.pendingToken);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, token)).status, 401);
    assert.equal((await boBrowser.get('/')).status, 200);
    assert.equal(await countRows(world, 'devices'), 2);
    assert.equal(await countRows(world, 'enrollments'), 0);
  });

  test('makes the browser in which it was finished a known device, even under fire', async (t) => {
    const { world } = await worldWithAna(t);
    for (let i = 0; i < 12; i++) await world.person(`198.51.100.${i}`).signIn(EMAIL, 'a wrong guess');
    assert.equal((await world.person().signIn(EMAIL)).status, 429);
    const person = world.person();
    const link = await askForLink(world, person);
    await person.post(link, { password: NEW_PASSWORD });
    assert.notEqual(
      (await world.person().signIn(EMAIL, NEW_PASSWORD)).status,
      429,
      'the counter of the email is open again',
    );
    for (let i = 0; i < 12; i++) await world.person(`198.51.100.${i}`).signIn(EMAIL, 'a wrong guess');
    assert.equal((await world.person().signIn(EMAIL, NEW_PASSWORD)).status, 429);
    assert.equal((await person.signIn(EMAIL, NEW_PASSWORD)).location, '/enroll');
  });

  test('clears the lockout of a hundred wrong passwords', async (t) => {
    const { world } = await worldWithAna(t);
    for (let i = 0; i < 100; i++) {
      await world.person(`203.0.113.${i}`).signIn(EMAIL, 'a wrong guess');
      world.clock.at += 360;
    }
    assert.equal((await world.person().signIn(EMAIL)).status, 429);
    const link = await askForLink(world);
    await world.person().post(link, { password: NEW_PASSWORD });
    assert.equal((await world.person().signIn(EMAIL, NEW_PASSWORD)).location, '/enroll');
  });

  test('never brings a fresh budget of wrong codes, however many links are used', async (t) => {
    const { world, ana } = await worldWithAna(t);
    await world.addAuthenticator(ana.id);
    let compared = 0;
    for (let round = 0; round < 6; round++) {
      const thief = world.person();
      const link = await askForLink(world, thief);
      await thief.post(link, { password: NEW_PASSWORD });
      for (let i = 0; i < 4; i++) {
        await thief.signIn(EMAIL, NEW_PASSWORD);
        if ((await thief.post('/sign-in/one-time-code', { code: '000000' })).status === 422) compared++;
        world.clock.at += 20 * 60;
      }
    }
    assert.ok(compared <= 20, `${compared} codes were compared within a day`);
  });

  test('is in no line of the log', async (t) => {
    const { world } = await worldWithAna(t);
    const link = await askForLink(world);
    await world.person().post(link, { password: NEW_PASSWORD });
    await world.person().get(link);
    const token = link.split('/').at(-1) ?? '';
    const lines = world.log.join('\n');
    for (const secret of [token, tokenHash(token), NEW_PASSWORD]) assert.ok(!lines.includes(secret));
  });
});

async function signedIn(world: World, user: { id: string; email: string }): Promise<Person> {
  const secret = await world.addAuthenticator(user.id);
  const person = world.person();
  await person.signIn(user.email);
  assert.equal((await person.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  return person;
}
