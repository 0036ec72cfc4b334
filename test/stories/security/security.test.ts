import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  authenticatorOf,
  codesOn,
  cookieOf,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  plain,
  secretOn,
  sendUnoffered,
  setCookie,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';

const PAGE = '/security/authenticator';

/** From the security page to the secret of the new app. */
async function startReplacing(browser: Person): Promise<string> {
  await browser.get(PAGE);
  assert.equal((await browser.post(`${PAGE}/start`)).location, PAGE);
  return secretOn((await browser.get(PAGE)).text);
}

async function opensWith(world: World, code: string): Promise<string> {
  const { status, body } = await world.api(
    'POST',
    '/api/v1/sign-in/one-time-code',
    { code },
    await pendingToken(world),
  );
  return status === 200 ? 'open' : String(body.code);
}

describe('replacing an authenticator', () => {
  it('keeps the old one live until the new one is confirmed; then it is dead, and others are out', async (t) => {
    const { world, browser, secret: old } = await openWithEnrolledAna(t);
    const [elsewhere, half] = [world.person(), world.person()];
    await signInFully(world, elsewhere, old);
    const { body } = await world.api(
      'POST',
      '/api/v1/sign-in/one-time-code',
      { code: world.totp(old) },
      await pendingToken(world),
    );
    const { token } = body.session as { token: string };
    await half.signIn(ANA);
    const fresh = await startReplacing(browser);
    assert.notEqual(fresh, old);
    assert.match(
      plain((await browser.get(PAGE)).text),
      /Your old authenticator keeps working until this one is confirmed/,
    );
    assert.equal((await browser.post(PAGE, { code: wrongCode(world, fresh) })).status, 422);
    world.clock.at += 30;
    assert.equal(await opensWith(world, world.totp(old)), 'open', 'live until then');

    const before = cookieOf(browser, 'session') ?? '';
    assert.equal((await browser.post(PAGE, { code: world.totp(fresh) })).location, '/security');
    assert.notEqual(cookieOf(browser, 'session'), before);
    assert.match(
      plain((await browser.get('/security')).text),
      /new authenticator app is set up.*3 other sessions were ended/,
    );
    assert.doesNotMatch((await browser.get('/security')).text, /sessions were ended/, 'told once');
    const stolen = world.person();
    setCookie(stolen, 'session', before);
    for (const other of [elsewhere, stolen]) assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await world.api('GET', '/api/v1/session', undefined, token)).status, 401);
    assert.equal((await half.get('/sign-in/one-time-code')).location, '/sign-in');

    assert.equal(await opensWith(world, world.totp(fresh)), 'code_already_used', 'the code that confirmed it');
    world.clock.at += 30;
    assert.equal(await opensWith(world, world.totp(old)), 'code_incorrect');
    assert.equal(await opensWith(world, world.totp(fresh)), 'open');
  });

  it('leaves the recovery codes as they are', async (t) => {
    const { world, browser, codes } = await openWithEnrolledAna(t);
    const fresh = await startReplacing(browser);
    await browser.post(PAGE, { code: world.totp(fresh) });
    const answer = await world.api(
      'POST',
      '/api/v1/sign-in/recovery-code',
      { code: codes[8] },
      await pendingToken(world),
    );
    assert.equal(answer.body.remainingRecoveryCodes, 9);
  });

  it('can be given up, and what was shown is dead then', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    const given = await startReplacing(browser);
    assert.equal((await browser.post(`${PAGE}/cancel`)).location, '/security');
    assert.notEqual(await startReplacing(browser), given);
    assert.equal(await opensWith(world, world.totp(secret)), 'open');
  });

  it('shows one secret per session, and never that of another', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    const other = world.person();
    await signInFully(world, other, secret);
    const mine = await startReplacing(browser);
    assert.equal(secretOn((await browser.get(PAGE)).text), mine);
    assert.notEqual(await startReplacing(other), mine);
  });
});

describe('turning it off', () => {
  it('is not offered while the policy requires it, from whatever date, and is refused', async (t) => {
    for (const setting of [{}, { requiredFrom: 1_900_000_000 }]) {
      const { browser, world, secret } = await openWithEnrolledAna(t, { policy: 'required', ...setting });
      const { text } = await browser.get(PAGE);
      assert.match(plain(text), /Acme Telecom requires two-factor authentication/);
      assert.doesNotMatch(text, /turn-off/);
      const refused = await sendUnoffered(browser, PAGE, `${PAGE}/turn-off`);
      assert.equal(refused.status, 403);
      assert.match(refused.text, /action="\/security\/authenticator\/start"/, 'replacing is offered instead');
      assert.equal(await opensWith(world, world.totp(secret)), 'open');
    }
  });

  it('removes the app and its codes where the policy leaves it to the person', async (t) => {
    const { world, browser, secret, ana, codes } = await openWithEnrolledAna(t, { policy: 'optional' });
    const other = world.person();
    await signInFully(world, other, secret);
    await browser.get(PAGE);
    assert.equal((await browser.post(`${PAGE}/turn-off`)).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /authentication is off\. 1 other session was ended/);
    assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal(await authenticatorOf(world, ana.id), undefined);
    const { read } = world.env.db;
    assert.deepEqual(await read.selectFrom('recovery_codes').selectAll().execute(), []);
    const token = await pendingToken(world);
    assert.equal((await world.api('POST', '/api/v1/sign-in/recovery-code', { code: codes[0] }, token)).status, 403);
    assert.equal((await world.person().signIn(ANA)).location, '/enroll', 'offered again');
  });
});

it('a first authenticator set up in a session brings codes and a new cookie value', async (t) => {
  const { world } = await openWithAna(t, { policy: 'off' });
  const browser = world.person();
  await browser.signIn(ANA);
  await browser.get(PAGE);
  await browser.post('/step-up', { password: PASSWORD });
  const before = cookieOf(browser, 'session');
  const secret = await startReplacing(browser);
  assert.equal((await browser.post(PAGE, { code: world.totp(secret) })).location, '/enroll/recovery-codes');
  assert.notEqual(cookieOf(browser, 'session'), before);
  assert.equal((await browser.get('/security')).location, '/enroll/recovery-codes');
  assert.equal(codesOn((await browser.get('/enroll/recovery-codes')).text).length, 10);
  assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/security');
  assert.match(
    plain((await browser.get('/security')).text),
    /Your authenticator app is set up\. You weren’t signed in anywhere else/,
  );
  world.clock.at += 30;
  assert.equal(await opensWith(world, world.totp(secret)), 'open');
});

it('new recovery codes kill the old ones, end other sessions, and are shown until Done', async (t) => {
  const { world, browser, secret, codes: old } = await openWithEnrolledAna(t);
  const other = world.person();
  await signInFully(world, other, secret);
  const { text } = await browser.get('/security/recovery-codes');
  assert.match(plain(text), /10 left.*Get new recovery codes/);
  assert.equal((await browser.post('/security/recovery-codes')).location, '/enroll/recovery-codes');
  const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);
  assert.equal(new Set([...codes, ...old]).size, 20);
  assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/security');
  assert.match(plain((await browser.get('/security')).text), /You have new recovery codes.*1 other session was ended/);
  assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
  const use = async (code = '') =>
    (await world.api('POST', '/api/v1/sign-in/recovery-code', { code }, await pendingToken(world))).body.code;
  for (const code of old.slice(0, 3)) assert.equal(await use(code), 'recovery_code_incorrect');
  assert.equal(await use(codes[9]), undefined);
});

describe('sessions', () => {
  it('are listed, this one first, and can be ended one by one or all others at once', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    const [one, two, three] = [world.person('203.0.113.8'), world.person(), world.person()];
    for (const other of [one, two, three]) await signInFully(world, other, secret);
    const { text } = await browser.get('/security/sessions');
    const rows =
      text
        .match(/<tbody[\s\S]*<\/tbody>/)?.[0]
        .split('<tr ')
        .slice(1) ?? [];
    assert.equal(rows.length, 4);
    assert.match(rows[0] ?? '', /This session/);
    assert.doesNotMatch(rows[0] ?? '', /name="id"/);
    const row = rows.find((each) => each.includes('203.0.113.8')) ?? '';
    const id = /name="id" value="([^"]+)"/.exec(row)?.[1] ?? '';
    assert.equal((await browser.post('/security/sessions/end', { id })).location, '/security/sessions');
    assert.match((await one.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await two.get('/security')).status, 200);
    await browser.get('/security/sessions');
    assert.equal((await browser.post('/security/sessions/end-others')).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /2 other sessions were ended/);
    for (const other of [two, three]) assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
  });

  it('of somebody else are not ended by their id, and nothing tells that it exists', async (t) => {
    const { world, browser, secret, partnerId } = await openWithEnrolledAna(t);
    await signInFully(world, world.person(), secret);
    const mallory = world.person();
    await world.addUser({ email: 'mallory@acme.example', partnerId });
    await mallory.signIn('mallory@acme.example');
    await mallory.enroll(world.clock.at);
    const rows = await world.env.db.read.selectFrom('sessions').selectAll().execute();
    const anas = rows.filter(({ user_id }) => user_id !== rows.at(-1)?.user_id);
    assert.equal(anas.length, 2);
    for (const id of [...anas.map((row) => row.id), 'no-such-id', '']) {
      const answer = await sendUnoffered(mallory, '/security/sessions', '/security/sessions/end', { id });
      assert.deepEqual([answer.status, answer.location], [303, '/security/sessions']);
    }
    assert.equal((await browser.get('/security')).status, 200);
    const ended = (await world.events()).filter(({ action }) => action === 'session.ended');
    assert.deepEqual(ended, []);
  });
});
