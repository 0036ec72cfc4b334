import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { tokenHash } from '#core/token.ts';
import { makeLink } from '#flows/make-link.ts';
import type { Queries } from '#store/database.ts';
import { setDisabled } from '#store/user-life.ts';
import { openWorld, type Person, type World } from '../world.ts';

const NEW_PASSWORD = 'quiet harbor seven lamps';
const EMAIL = 'ana@acme.example';

async function worldWithAna(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  return { world, partner, ana };
}

/** Asks for a link and answers its path, as the newest mail tells it. */
async function askForLink(world: World, person = world.person(), email = EMAIL): Promise<string> {
  assert.equal((await person.post('/forgot-password', { email })).status, 200);
  const [mail] = await world.mail();
  assert.equal(mail?.to, email);
  return new URL(mail?.link ?? '').pathname;
}

function withoutTokens(text: string): string {
  return text.replace(/name="form_token" value="[^"]+"/g, '');
}

async function countRows(world: World, table: 'sessions' | 'pending_sign_ins' | 'devices' | 'links' | 'enrollments') {
  return (await world.env.db.read.selectFrom(table).select('id').execute()).length;
}

describe('asking for a link', () => {
  test('is answered alike for a known, an unknown, a disabled and a limited email', async (t) => {
    const { world, partner } = await worldWithAna(t);
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
    await world.env.db.transaction((tx) => setDisabled(tx, bo.id, world.clock.at));
    const person = world.person();
    const known = await person.post('/forgot-password', { email: EMAIL });
    assert.equal(known.status, 200);
    assert.match(known.text, /valid for 30 minutes/);
    const others = ['nobody@acme.example', bo.email, EMAIL, EMAIL, EMAIL];
    for (const email of others) {
      await person.get('/forgot-password');
      const answer = await person.post('/forgot-password', { email });
      assert.equal(answer.status, known.status, email);
      assert.equal(withoutTokens(answer.text), withoutTokens(known.text), email);
      const named = [...answer.headers.keys()];
      assert.deepEqual(
        named,
        [...known.headers.keys()].filter((name) => name !== 'set-cookie' || named.includes(name)),
      );
    }
    assert.deepEqual(
      (await world.mail()).map(({ to }) => to),
      [EMAIL, EMAIL, EMAIL],
    );
    assert.deepEqual(
      (await world.events()).map(({ action, detail }) => [action, detail.reason, typeof detail.emailHash]),
      [
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_refused', 'unknown_email', 'string'],
        ['password.reset_refused', 'disabled', 'undefined'],
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_requested', undefined, 'undefined'],
        ['password.reset_refused', 'too_many_attempts', 'undefined'],
      ],
    );
  });

  test('does the same statements for an email that is nobody’s', async (t) => {
    const { world } = await worldWithAna(t);
    const person = world.person();
    const counts = [];
    for (const email of [EMAIL, 'nobody@acme.example']) {
      await person.get('/forgot-password');
      const statements: string[] = [];
      const { transaction } = world.env.db;
      t.mock.method(world.env.db, 'transaction', (work: Parameters<typeof transaction>[0]) =>
        transaction((tx) => {
          hear(t, tx, statements);
          return work(tx);
        }),
      );
      await person.post('/forgot-password', { email });
      t.mock.restoreAll();
      counts.push(statements);
    }
    assert.ok((counts[0]?.length ?? 0) >= 5);
    assert.deepEqual(counts[1], counts[0]);
  });

  test('leaves nothing behind for an email that is nobody’s', async (t) => {
    const { world } = await worldWithAna(t);
    await world.person().post('/forgot-password', { email: 'nobody@acme.example' });
    assert.equal(await countRows(world, 'links'), 0);
    assert.deepEqual(await world.mail(), []);
  });

  test('sends at most three mails an hour, and again afterwards', async (t) => {
    const { world } = await worldWithAna(t);
    const person = world.person();
    for (let i = 0; i < 5; i++) await person.post('/forgot-password', { email: EMAIL });
    assert.equal((await world.mail()).length, 3);
    world.clock.at += 3660;
    await person.post('/forgot-password', { email: ' ANA@acme.example ' });
    assert.equal((await world.mail()).length, 4);
  });

  test('with something that is no email shows the form again with it', async (t) => {
    const { world } = await worldWithAna(t);
    const answer = await world.person().post('/forgot-password', { email: 'ana at "acme"' });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /value="ana at &quot;acme&quot;"/);
    assert.match(answer.text, /<title>Error: /);
    assert.match(answer.text, /aria-invalid="true"/);
  });

  test('does not end the invitation of somebody who has no password yet', async (t) => {
    const { world, partner } = await worldWithAna(t);
    const cleo = await world.addUser({ email: 'cleo@acme.example', partnerId: partner.id, password: undefined });
    const invitation = await world.env.db.transaction((tx) =>
      makeLink(world.env, tx, { purpose: 'invitation', userId: cleo.id }),
    );
    const link = await askForLink(world, world.person(), cleo.email);
    const path = new URL(invitation.url).pathname;
    assert.equal((await world.person().get(path)).status, 200);
    assert.equal((await world.person().post(link, { password: NEW_PASSWORD })).status, 303);
    assert.equal((await world.person().get(path)).status, 404);
  });
});

/** Writes down what the database is asked, however it was built. */
function hear(t: TestContext, tx: Queries, statements: string[]): void {
  const executor = tx.getExecutor();
  const provide = executor.provideConnection.bind(executor);
  t.mock.method(executor, 'provideConnection', (consumer: Parameters<typeof provide>[0]) =>
    provide((connection) =>
      consumer({
        executeQuery(query) {
          statements.push(query.sql);
          return connection.executeQuery(query);
        },
        streamQuery: () => assert.fail('nothing streams'),
      }),
    ),
  );
}

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
      'the lane of the email is open again',
    );
    for (let i = 0; i < 12; i++) await world.person(`198.51.100.${i}`).signIn(EMAIL, 'a wrong guess');
    assert.equal((await world.person().signIn(EMAIL, NEW_PASSWORD)).status, 429);
    assert.equal((await person.signIn(EMAIL, NEW_PASSWORD)).location, '/enroll');
  });

  test('opens the door that a hundred wrong passwords closed', async (t) => {
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
