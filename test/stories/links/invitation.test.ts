import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { MfaPolicy } from '#core/people/policy.ts';
import { renewFirstAdministratorLink } from '#features/operate/first-administrator.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import { setDisabled } from '#store/people/user-life.ts';
import { openWorld, type World } from '../../world.ts';

const PASSWORD = 'quiet harbor seven lamps';
const ADMINISTRATOR = { email: 'Rita@portal.example', name: ' Rita  Lang ', password: PASSWORD };

async function firstLink(world: World): Promise<string> {
  const link = await renewFirstAdministratorLink(world.env);
  assert.ok(link);
  return new URL(link.url).pathname;
}

async function invited(t: TestContext, policy: MfaPolicy = 'required') {
  const world = await openWorld(t);
  const partner = await world.addPartner({ policy });
  const user = await world.addUser({
    email: 'ana@acme.example',
    partnerId: partner.id,
    name: 'ana',
    password: undefined,
  });
  const link = await world.env.db.transaction((tx) =>
    makeLink(world.env, tx, { purpose: 'invitation', userId: user.id }),
  );
  return { world, user, path: new URL(link.url).pathname };
}

async function countRows(world: World, table: 'sessions' | 'users' | 'pending_sign_ins' | 'devices') {
  return (await world.env.db.read.selectFrom(table).select('id').execute()).length;
}

describe('the link of the first administrator', () => {
  test('makes one who is led into enrollment and can then sign in', async (t) => {
    const world = await openWorld(t);
    const person = world.person();
    const path = await firstLink(world);
    const form = await person.get(path);
    for (const label of ['Email', 'Name', 'Password'])
      assert.match(form.text, new RegExp(`<label for="\\w+">${label}<`));
    const made = await person.post(path, ADMINISTRATOR);
    assert.equal(made.status, 303);
    assert.equal(made.location, '/enroll');
    assert.equal(await countRows(world, 'sessions'), 0);
    assert.equal((await person.post('/enroll/skip')).status, 403);
    await person.enroll(world.clock.at);
    const home = await person.get('/');
    assert.match(home.text, /Rita Lang/);
    assert.match(home.text, /rita@portal\.example/);
    const [user] = await world.env.db.read.selectFrom('users').selectAll().execute();
    assert.deepEqual([user?.role, user?.partner_id, user?.email], ['admin', null, 'rita@portal.example']);
    const created = (await world.events()).find(({ action }) => action === 'administrator.created');
    assert.equal(created?.subject, user?.id);
  });

  test('opened fifty times at once makes one administrator', async (t) => {
    const world = await openWorld(t);
    const path = await firstLink(world);
    const browsers = Array.from({ length: 50 }, () => world.person());
    await Promise.all(browsers.map((person) => person.get(path)));
    const answers = await Promise.all(
      browsers.map((person, i) => person.post(path, { ...ADMINISTRATOR, email: `rita${i}@portal.example` })),
    );
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 404).length, 49);
    assert.equal(await countRows(world, 'users'), 1);
  });

  test('is dead once used, once renewed, after 72 hours and once an administrator exists', async (t) => {
    const world = await openWorld(t);
    const renewed = await firstLink(world);
    const over = await firstLink(world);
    world.clock.at += 72 * 3600;
    const open = await firstLink(world);
    const person = world.person();
    assert.equal((await person.get(open)).status, 200);
    await world.addUser({ email: 'other@portal.example', role: 'admin' });
    for (const path of [renewed, over, open, '/invitation/x']) {
      const dead = await person.get(path);
      assert.equal(dead.status, 404, path);
      assert.match(dead.text, /href="\/sign-in"/);
      assert.equal((await world.person().post(path, ADMINISTRATOR)).status, 404, path);
    }
    assert.equal(await renewFirstAdministratorLink(world.env), undefined);
  });

  test('shows every fault at once, keeps what was typed but the password, and is not used up by it', async (t) => {
    const world = await openWorld(t);
    const person = world.person();
    const path = await firstLink(world);
    const refused = await person.post(path, { email: 'rita at portal', name: '', password: 'too short' });
    assert.equal(refused.status, 400);
    for (const words of [
      'Please check 3 fields',
      'Enter your email address',
      'Enter your name',
      'Choose a longer password',
    ]) {
      assert.ok(refused.text.includes(words), words);
    }
    assert.match(refused.text, /value="rita at portal"/);
    assert.ok(!refused.text.includes('too short"'));
    const one = await person.post(path, { ...ADMINISTRATOR, password: 'Rita Lang 2026' });
    assert.equal(one.status, 422);
    assert.match(one.text, /value="Rita@portal\.example"/);
    assert.match(one.text, /<h2><a href="#password">Choose a password without your name/);
    assert.equal((await person.post(path, ADMINISTRATOR)).status, 303);
  });

  test('says beside the field that an email is taken', async (t) => {
    const world = await openWorld(t);
    await world.addUser({ email: 'rita@portal.example', role: 'csm' });
    const path = await firstLink(world);
    const refused = await world.person().post(path, ADMINISTRATOR);
    assert.equal(refused.status, 422);
    assert.match(refused.text, /id="email-error">This email is already in use/);
    const both = await world.person().post(path, { ...ADMINISTRATOR, password: 'too short' });
    for (const words of ['is already in use', 'Choose a longer']) assert.ok(both.text.includes(words), words);
    assert.equal((await world.person().post(path, { ...ADMINISTRATOR, email: 'lang@portal.example' })).status, 303);
  });
});

describe('an invitation', () => {
  test('shows who invites, sets the first password and leads into enrollment', async (t) => {
    const { world, user, path } = await invited(t);
    const person = world.person();
    for (let i = 0; i < 2; i++) {
      const form = await person.get(path);
      assert.match(form.text, /Acme Telecom has invited you/);
      assert.match(form.text, /autocomplete="username" value="ana@acme.example" readonly/);
      assert.match(form.text, /id="name"[^>]*value="ana"/);
      assert.match(form.text, /At least 12 characters/);
    }
    const accepted = await person.post(path, { email: 'eve@evil.example', name: 'Ana Silva', password: PASSWORD });
    assert.equal(accepted.location, '/enroll');
    assert.equal(await countRows(world, 'sessions'), 0);
    await person.enroll(world.clock.at);
    assert.match((await person.get('/')).text, /Ana Silva.*ana@acme\.example.*Acme Telecom/s);
    assert.ok(
      (await world.events()).some(({ action, subject }) => action === 'invitation.accepted' && subject === user.id),
    );
    assert.equal((await world.person().get(path)).status, 404);
  });

  test('where MFA is optional leads to the prompt, where it is off to the sign-in page, never to a session', async (t) => {
    for (const [policy, location] of [
      ['optional', '/enroll'],
      ['off', '/sign-in?password-saved'],
    ] as const) {
      const { world, user, path } = await invited(t, policy);
      const person = world.person();
      assert.match((await person.get(path)).text, /At least 15 characters/);
      assert.equal((await person.post(path, { name: 'Ana', password: PASSWORD })).location, location);
      assert.equal(await countRows(world, 'sessions'), 0, policy);
      const again = await person.signIn(user.email, PASSWORD);
      assert.equal(again.location, policy === 'off' ? '/' : '/enroll');
    }
  });

  test('accepted twenty times at once is accepted once', async (t) => {
    const { world, path } = await invited(t);
    const browsers = Array.from({ length: 20 }, () => world.person());
    await Promise.all(browsers.map((person) => person.get(path)));
    const answers = await Promise.all(
      browsers.map((person, i) => person.post(path, { name: 'Ana', password: `${PASSWORD} ${i}` })),
    );
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 404).length, 19);
    assert.equal(await countRows(world, 'pending_sign_ins'), 1);
  });

  test('makes the browser a known device that strangers cannot slow', async (t) => {
    const { world, user, path } = await invited(t, 'off');
    const person = world.person();
    await person.post(path, { name: 'Ana', password: PASSWORD });
    for (let i = 0; i < 12; i++) await world.person(`198.51.100.${i}`).signIn(user.email, 'a wrong guess');
    assert.equal((await world.person().signIn(user.email, PASSWORD)).status, 429);
    assert.equal((await person.signIn(user.email, PASSWORD)).location, '/');
    assert.equal(await countRows(world, 'devices'), 1);
  });

  test('of a disabled user, and of one who has a password already, is dead', async (t) => {
    const disabled = await invited(t);
    await disabled.world.env.db.transaction((tx) => setDisabled(tx, disabled.user.id, 1));
    assert.equal((await disabled.world.person().get(disabled.path)).status, 404);
    assert.equal((await disabled.world.person().post(disabled.path, { name: 'A', password: PASSWORD })).status, 404);
    const { world, user, path } = await invited(t);
    await world.env.db.transaction((tx) =>
      tx.updateTable('users').set({ sealed_password: 'v1.x' }).where('id', '=', user.id).execute(),
    );
    assert.equal((await world.person().get(path)).status, 404);
    assert.equal((await world.person().post(path, { name: 'Ana', password: PASSWORD })).status, 404);
  });

  test('opens no page of another kind of link', async (t) => {
    const { world, path } = await invited(t);
    assert.equal((await world.person().get(path.replace('invitation', 'password'))).status, 404);
  });

  test('ends the session that this browser had before', async (t) => {
    const { world, path } = await invited(t);
    const bo = await world.addUser({ email: 'bo@portal.example', role: 'csm' });
    const secret = await world.addAuthenticator(bo.id);
    const person = world.person();
    await person.signIn(bo.email);
    await person.post('/sign-in/one-time-code', { code: world.totp(secret) });
    assert.equal((await person.get('/')).status, 200);
    assert.equal((await person.post(path, { name: 'Ana', password: PASSWORD })).location, '/enroll');
    assert.equal((await person.get('/')).location, '/sign-in?return_to=%2F');
    assert.equal(await countRows(world, 'sessions'), 0);
  });
});
