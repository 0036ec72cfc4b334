import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  cookieOf,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  setCookie,
  startEnrollment,
  wrongCode,
} from '../../story.ts';
import { ORIGIN, PASSWORD, type Person, type World } from '../../world.ts';

const MINUTE = 60;

describe('a pending sign-in', () => {
  it('is not a session', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal(cookieOf(browser, 'session'), undefined);
    for (const path of ['/', '/security', '/security/password', '/step-up', '/enroll/recovery-codes.txt']) {
      assert.match((await browser.get(path)).location ?? '', /^\/sign-in\?return_to=/, path);
    }
    setCookie(browser, 'session', cookieOf(browser, 'pending') ?? '');
    assert.match((await browser.get('/security')).location ?? '', /^\/sign-in/, 'its value is no session');
  });

  it('shows nothing of the person but the email that was typed', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const { text } = await browser.get('/sign-in/one-time-code');
    assert.match(text, /autocomplete="username" value="ana@acme\.example" readonly/);
    assert.doesNotMatch(text, /Ana Silva|Acme Telecom|otpauth|sign-out/);
  });

  it('goes on in the same browser: two tabs share tries and secret under a new cookie value', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const first = cookieOf(browser, 'pending') ?? '';
    const secret = await startEnrollment(browser);
    await browser.get('/sign-in');
    await browser.signIn(ANA);
    const second = cookieOf(browser, 'pending') ?? '';
    assert.notEqual(second, first);
    assert.equal(await startEnrollment(browser), secret);
    const old = world.person();
    setCookie(old, 'pending', first);
    assert.equal((await old.get('/enroll')).location, '/sign-in', 'the older value is dead');
    assert.notEqual(await startElsewhere(world), secret, 'another browser has a secret of its own');
  });

  it('begins again in another browser, even with a cookie of the first one: the secret is never shared', async (t) => {
    const { world } = await openWithAna(t);
    const thief = world.person();
    await thief.signIn(ANA);
    const secret = await startEnrollment(thief);
    const owner = world.person();
    await owner.get('/sign-in');
    setCookie(owner, 'pending', cookieOf(thief, 'pending') ?? '');
    await owner.signIn(ANA);
    assert.notEqual(await startEnrollment(owner), secret);
    assert.equal(await startEnrollment(thief), secret, 'each goes on with its own');
    const copy = world.person();
    for (const [name, value] of thief.cookies) copy.cookies.set(name, value);
    const { text } = await copy.get('/sign-in');
    const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const body = new URLSearchParams({ form_token, email: ANA, password: PASSWORD });
    const headers = { origin: ORIGIN, 'user-agent': 'Another browser' };
    assert.equal((await copy.send('/sign-in', { method: 'POST', body, headers })).location, '/enroll');
    assert.notEqual(await startEnrollment(copy), secret, 'with every cookie of the first one, too');
  });

  it('keeps its tries when the same person signs in again in the same browser', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    for (const ordinal of [0, 1, 2]) await tryCode(browser, wrongCode(world, secret, ordinal));
    await browser.signIn(ANA);
    const pending = await world.env.db.read.selectFrom('pending_sign_ins').selectAll().execute();
    assert.deepEqual(
      pending.filter(({ completed_at }) => completed_at === null).map(({ tries }) => tries),
      [3],
    );
  });

  it('gives five tries, refuses the sixth and stays; signing in again gives new ones', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const token = await pendingToken(world);
    for (let ordinal = 0; ordinal < 4; ordinal++) {
      assert.equal((await apiCode(world, token, wrongCode(world, secret, ordinal))).status, 422);
    }
    assert.equal((await apiCode(world, token, wrongCode(world, secret, 5))).status, 422);
    world.clock.at += 6 * MINUTE;
    const sixth = await apiCode(world, token, world.totp(secret));
    assert.equal(sixth.status, 429);
    assert.equal(sixth.body.code, 'too_many_attempts');
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, token)).status, 200);
    const fresh = await pendingToken(world);
    assert.equal((await apiCode(world, fresh, world.totp(secret))).status, 200);
  });

  it('is one of ten at most: the oldest goes', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const tokens: string[] = [];
    for (let count = 0; count < 11; count++) {
      tokens.push(await pendingToken(world));
      world.clock.at += 1;
    }
    const [oldest = '', second = ''] = tokens;
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, oldest)).status, 401);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, second)).status, 200);
  });
});

async function startElsewhere(world: World): Promise<string> {
  const other = world.person();
  await other.signIn(ANA);
  return startEnrollment(other);
}

function tryCode(browser: Person, code: string) {
  return browser.post('/sign-in/one-time-code', { code });
}

function apiCode(world: World, token: string, code: string) {
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
}
