import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  ANA,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  plain,
  refusalOn,
  secretOn,
  sendUnoffered,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';

const LIST = '/security/authenticators';
const ADD = `${LIST}/add`;

async function opensWith(world: World, secret: string): Promise<string> {
  const token = await pendingToken(world);
  const { status, body } = await world.api(
    'POST',
    '/api/v1/sign-in/one-time-code',
    { code: world.totp(secret) },
    token,
  );
  return status === 200 ? 'open' : String(body.code);
}

/** From the page to the secret of another app. */
async function startAdding(browser: Person, name = ''): Promise<string> {
  await browser.get(ADD);
  assert.equal((await browser.post(`${ADD}/start`, { name })).location, ADD);
  return secretOn((await browser.get(ADD)).text);
}

/** Another app, confirmed. Its next code is unused. */
async function addApp(world: World, browser: Person, name = ''): Promise<string> {
  const secret = await startAdding(browser, name);
  assert.equal((await browser.post(ADD, { code: world.totp(secret) })).location, '/security');
  world.clock.at += 30;
  return secret;
}

const appsOf = ({ env }: World) =>
  env.db.read.selectFrom('authenticators').select(['id', 'name', 'slot', 'budget_id']).orderBy('id').execute();

async function mailKinds(world: World): Promise<string[]> {
  return (await world.mail()).map(({ kind }) => kind);
}

/** Ana with two apps, and the addresses of their pages. */
async function openWithTwoApps(t: TestContext, policy: 'required' | 'optional' = 'required') {
  const opened = await openWithEnrolledAna(t, { policy });
  const second = await addApp(opened.world, opened.browser, 'Work phone');
  const pages = (await appsOf(opened.world)).map(({ id }) => `${LIST}/${id}`);
  const [firstPage = '', secondPage = ''] = pages;
  return { ...opened, second, firstPage, secondPage };
}

describe('adding another app', () => {
  it('keeps the old one and the recovery codes, ends other sessions, says how many and sends a mail', async (t) => {
    const { world, browser, secret, ana } = await openWithEnrolledAna(t);
    const elsewhere = world.person();
    await signInFully(world, elsewhere, secret);
    const second = await startAdding(browser, ' Work  phone ');
    assert.equal((await browser.post(ADD, { code: wrongCode(world, second) })).status, 422);
    assert.equal(await opensWith(world, second), 'code_incorrect', 'not before it is confirmed');
    assert.equal((await browser.post(ADD, { code: world.totp(second) })).location, '/security');
    const { text } = await browser.get('/security');
    assert.match(plain(text), /app is set up\. Your other apps keep working\. 1 other session was ended/);
    assert.match(plain(text), /2 authenticator apps/);
    assert.match((await elsewhere.get('/security')).location ?? '', /^\/sign-in/);
    assert.deepEqual((await mailKinds(world)).slice(0, 1), ['app_added']);
    world.clock.at += 30;
    for (const one of [secret, second]) assert.equal(await opensWith(world, one), 'open');
    const [first, other] = await appsOf(world);
    assert.deepEqual([first?.slot, other?.slot, other?.name], [1, 2, 'Work phone']);
    assert.equal(other?.budget_id, first?.id, 'no second budget of tries');
    const codes = await world.env.db.read.selectFrom('recovery_codes').select('used_at').execute();
    assert.equal(codes.filter(({ used_at }) => used_at === null).length, 10);
    const enrolled = (await world.events()).filter(({ action }) => action === 'totp.enrolled');
    assert.deepEqual(
      enrolled.map(({ subject }) => subject),
      [ana.id, ana.id],
    );
  });

  it('is possible up to three apps; then a passkey alone is offered', async (t) => {
    const { world, browser } = await openWithTwoApps(t);
    await addApp(world, browser);
    const { text } = await browser.get(LIST);
    assert.match(plain(text), /Authenticator app 3/);
    const adding = (await browser.get(ADD)).text;
    assert.match(adding, /authenticators\/passkey"/);
    assert.doesNotMatch(adding, /add\/start"/);
    assert.equal((await sendUnoffered(browser, LIST, `${ADD}/start`)).location, LIST);
    assert.equal((await appsOf(world)).length, 3);
  });

  it('asks for a proof first, and for a name that is one', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    await browser.get(ADD);
    const refused = await browser.post(`${ADD}/start`, { name: 'x'.repeat(65) });
    assert.equal(refused.status, 400);
    assert.match(refusalOn(refused.text), /1 to 64 characters/);
    world.clock.at += 5 * 60;
    assert.equal((await browser.get(ADD)).location, '/step-up');
    assert.equal((await browser.get(LIST)).location, '/step-up');
  });

  it('is for a person who has one: the first is set up on its own page', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.get(ADD);
    await browser.post('/step-up', { password: PASSWORD });
    assert.equal((await browser.get(ADD)).location, LIST);
    assert.equal((await browser.get(LIST)).location, '/security/authenticator');
  });
});

describe('the list of apps', () => {
  it('shows name, kind and use, and leads to the page of each; no secret is in it', async (t) => {
    const { browser, secret, second, firstPage, secondPage } = await openWithTwoApps(t);
    const { text } = await browser.get(LIST);
    assert.match(plain(text), /Authenticator app Jan.* Work phone Authenticator app Jan/);
    for (const page of [firstPage, secondPage]) assert.ok(text.includes(`href="${page}"`));
    for (const one of [secret, second]) assert.ok(!text.includes(one));
  });

  it('takes the place of the page that replaces the only app', async (t) => {
    const { browser } = await openWithTwoApps(t);
    assert.equal((await browser.get('/security/authenticator')).location, LIST);
    assert.match((await browser.get('/security')).text, /href="\/security\/authenticators"/);
  });
});

describe('another name for an app', () => {
  it('is kept, with an event and nothing ended', async (t) => {
    const { world, browser, secret, firstPage } = await openWithTwoApps(t);
    const elsewhere = world.person();
    await signInFully(world, elsewhere, secret);
    await browser.get(firstPage);
    assert.equal((await browser.post(firstPage, { name: 'Private  phone' })).location, LIST);
    assert.match(plain((await browser.get(LIST)).text), /Private phone/);
    assert.equal((await elsewhere.get('/security')).status, 200);
    const [event] = (await world.events()).filter(({ action }) => action === 'authenticator.renamed');
    assert.deepEqual(event?.detail, { authenticatorId: firstPage.split('/').at(-1) });
  });

  it('is refused when it is none, and shown again', async (t) => {
    const { browser, firstPage } = await openWithTwoApps(t);
    for (const name of ['', '   ', 'x'.repeat(65), 'two\nlines']) {
      await browser.get(firstPage);
      const refused = await browser.post(firstPage, { name });
      assert.equal(refused.status, 400, name);
      assert.match(refusalOn(refused.text), /1 to 64 characters/);
    }
  });
});

describe('removing an app', () => {
  it('ends its codes and other sessions; the other app and the codes stay', async (t) => {
    const { world, browser, secret, second, firstPage, codes } = await openWithTwoApps(t);
    const elsewhere = world.person();
    await signInFully(world, elsewhere, second);
    await browser.get(firstPage);
    assert.equal((await browser.post(`${firstPage}/remove`)).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /app was removed.*1 other session was ended/);
    assert.match((await elsewhere.get('/security')).location ?? '', /^\/sign-in/);
    assert.deepEqual((await mailKinds(world)).slice(0, 1), ['app_removed']);
    assert.equal(await opensWith(world, secret), 'code_incorrect');
    assert.equal(await opensWith(world, second), 'open');
    const token = await pendingToken(world);
    assert.equal((await world.api('POST', '/api/v1/sign-in/recovery-code', { code: codes[0] }, token)).status, 200);
    assert.equal((await world.events()).filter(({ action }) => action === 'totp.removed').length, 1);
  });

  it('leaves the wrong codes of others counted', async (t) => {
    const { world, browser, secret, second, firstPage } = await openWithTwoApps(t);
    const counted = () =>
      world.env.db.read.selectFrom('attempts').select('key').where('key', 'like', 'code:%:unknown').execute();
    const token = await pendingToken(world);
    await world.api('POST', '/api/v1/sign-in/one-time-code', { code: wrongCode(world, secret) }, token);
    const before = await counted();
    assert.equal(before.length, 1);
    await browser.get(firstPage);
    await browser.post(`${firstPage}/remove`);
    const again = await pendingToken(world);
    await world.api('POST', '/api/v1/sign-in/one-time-code', { code: wrongCode(world, second) }, again);
    assert.deepEqual(await counted(), before, 'one counter, the same as before');
  });

  it('is refused for the last one while the policy requires it, and the page leads to a replacement', async (t) => {
    const { world, browser, secret, firstPage, secondPage } = await openWithTwoApps(t);
    await browser.get(secondPage);
    await browser.post(`${secondPage}/remove`);
    const { text } = await browser.get(firstPage);
    assert.match(plain(text), /Acme Telecom requires two-factor authentication/);
    assert.match(text, /href="\/security\/authenticator"/);
    assert.doesNotMatch(text, /\/remove/);
    assert.equal((await sendUnoffered(browser, firstPage, `${firstPage}/remove`)).status, 403);
    assert.equal(await opensWith(world, secret), 'open');
  });

  it('turns MFA off with the last one where the policy leaves it to the person', async (t) => {
    const { world, browser, firstPage, secondPage } = await openWithTwoApps(t, 'optional');
    for (const page of [secondPage, firstPage]) {
      await browser.get(page);
      assert.equal((await browser.post(`${page}/remove`)).location, '/security');
    }
    assert.match(plain((await browser.get('/security')).text), /authentication is off/);
    assert.deepEqual(await world.env.db.read.selectFrom('recovery_codes').select('id').execute(), []);
    assert.deepEqual((await mailKinds(world)).slice(0, 1), ['authenticator_removed']);
  });

  it('of somebody else does nothing', async (t) => {
    const { world, firstPage, partnerId } = await openWithTwoApps(t);
    const { id } = await world.addUser({ email: 'mallory@acme.example', partnerId });
    const secret = await world.addAuthenticator(id);
    const mallory = world.person();
    await signInFully(world, mallory, secret, 'mallory@acme.example');
    assert.equal((await mallory.get(firstPage)).location, LIST);
    for (const [path, fields] of [
      [`${firstPage}/remove`, {}],
      [firstPage, { name: 'Mine' }],
    ] as const) {
      assert.equal((await sendUnoffered(mallory, LIST, path, fields)).location, LIST);
    }
    const [first] = await appsOf(world);
    assert.deepEqual([firstPage.endsWith(first?.id ?? ''), first?.name], [true, null]);
  });
});

it('nothing about apps changes in the days after a password reset by mail', async (t) => {
  const environment = { SALLYPORT_RESET_FREEZE_HOURS: '24' };
  const { world, browser, secret, ana } = await openWithEnrolledAna(t, { environment });
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ password_reset_at: world.clock.at }).where('id', '=', ana.id).execute(),
  );
  await browser.post('/sign-out');
  await signInFully(world, browser, secret);
  assert.match(plain((await browser.get(LIST)).text), /You set your password with an emailed link/);
  assert.equal((await browser.get(ADD)).location, LIST);
  assert.equal((await sendUnoffered(browser, LIST, `${ADD}/start`)).location, LIST);
  const [first] = await appsOf(world);
  assert.equal((await browser.get(`${LIST}/${first?.id}`)).location, LIST);
});
