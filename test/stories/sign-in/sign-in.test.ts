import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disableUser } from '#flows/administration/person-acts.ts';
import {
  ANA,
  cookieOf,
  headingOn,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  plain,
  refreshTo,
  refusalOn,
  setCookie,
  startEnrollment,
} from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

const MINUTE = 60;

describe('the sign-in page', () => {
  it('has the fields Email and Password, the button Sign in, and knows password managers', async (t) => {
    const { world } = await openWithAna(t);
    const { status, text } = await world.person().get('/sign-in');
    assert.equal(status, 200);
    assert.match(plain(text), /Email .*Password .*Sign in/);
    assert.match(text, /<input[^>]*name="email"[^>]*autocomplete="username webauthn"/);
    assert.match(text, /<input[^>]*name="password"[^>]*autocomplete="current-password"/);
    assert.doesNotMatch(text, /maxlength/);
  });

  it('keeps the email of a refused form and echoes nothing else', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    const refused = await browser.post('/sign-in', { email: ' Ana@Acme.example', password: 'secret <b>otter</b> 1' });
    assert.equal(refused.status, 401);
    assert.match(refused.text, /name="email"[^>]* value=" Ana@Acme\.example"/);
    assert.doesNotMatch(refused.text, /otter/);
    assert.match(refusalOn(refused.text), /Email or password is incorrect/);
    assert.match(refused.text, /<title>Error: /);
    assert.match(refused.text, /aria-describedby="password-error"/);

    const hostile = await browser.post('/sign-in', { email: '"><script>alert(1)</script>', password: 'otter' });
    assert.equal(hostile.status, 400);
    assert.match(refusalOn(hostile.text), /Enter your email address/);
    assert.doesNotMatch(hostile.text, /<script>alert|otter/);

    const missing = await browser.post('/sign-in', { email: ANA, password: '' });
    assert.equal(missing.status, 400);
    assert.match(refusalOn(missing.text), /Enter your password/);
    assert.match(missing.text, /value="ana@acme\.example"/);
  });

  it('answers a wrong password, an unknown email and a disabled person alike', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await world.addUser({ email: 'dan@acme.example', partnerId });
    await disableUser(world.env, { email: 'dan@acme.example', actor: 'command_line', reason: 'left the company' });
    const attempts = [
      [ANA, 'wrong password 123'],
      ['nobody@acme.example', PASSWORD],
      ['dan@acme.example', PASSWORD],
    ] as const;
    const answers = attempts.map(async ([email, password]) => {
      const { status, text } = await world.person().signIn(email, password);
      return { status, text: text.replaceAll(email, 'EMAIL').replace(/form_token" value="[^"]+"/g, 'TOKEN') };
    });
    const [first, ...others] = await Promise.all(answers);
    assert.equal(first?.status, 401);
    for (const other of others) assert.deepEqual(other, first);
  });

  it('finds the email without regard to case and spaces around it', async (t) => {
    const { world } = await openWithAna(t);
    assert.equal((await world.person().signIn('  ANA@ACME.Example ')).location, '/enroll');
  });
});

describe('the return target', () => {
  it('is kept through a refused form, a stale form, and the second factor, and stands in no later URL', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    const asked = await browser.get('/security/sessions');
    assert.equal(asked.location, '/sign-in?return_to=%2Fsecurity%2Fsessions');
    const page = await browser.get(asked.location ?? '');
    assert.match(page.text, /name="return_to" value="\/security\/sessions"/);
    const fields = { email: ANA, return_to: '/security/sessions' };
    const refused = await browser.post('/sign-in', { ...fields, password: 'wrong password 123' });
    assert.match(refused.text, /name="return_to" value="\/security\/sessions"/);
    const stale = await browser.post('/sign-in', { ...fields, password: PASSWORD, form_token: 'of another day' });
    assert.equal(stale.status, 403);
    assert.match(stale.text, /name="return_to" value="\/security\/sessions"/);
    assert.match(stale.text, /value="ana@acme\.example"/);

    const next = await browser.post('/sign-in', { ...fields, password: PASSWORD });
    assert.equal(next.location, '/sign-in/one-time-code');
    const opened = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    assert.equal(opened.location, '/security/sessions');
  });

  const hostile = ['//evil.example', '/\\evil.example', '/.//evil.example', 'https://evil.example', '/\t/evil.example'];
  for (const target of [...hostile, 'javascript:alert(1)', '/x%0d%0aSet-Cookie:a=b', '', '?x', '\\\\evil.example']) {
    it(`is dropped when it is not a page of ours: ${JSON.stringify(target)}`, async (t) => {
      const { world } = await openWithAna(t, { policy: 'off' });
      const browser = world.person();
      const page = await browser.get(`/sign-in?return_to=${encodeURIComponent(target)}`);
      assert.doesNotMatch(page.text, /name="return_to" value="(?!\/sign-in\?)/);
      const opened = await browser.post('/sign-in', { email: ANA, password: PASSWORD, return_to: target });
      assert.equal(opened.location, '/');
    });
  }

  for (const step of [
    '/sign-in',
    '/sign-in?x=1',
    '/sign-in/notice',
    '/sign%2Din',
    '/enroll',
    '/enroll/recovery-codes',
  ]) {
    it(`is never a step of the sign-in, which would lead to itself: ${step}`, async (t) => {
      const { world } = await openWithAna(t, { policy: 'off' });
      const browser = world.person();
      const opened = await browser.post('/sign-in', { email: ANA, password: PASSWORD, return_to: step });
      assert.equal(opened.location, '/');
      assert.equal((await browser.get(step)).location, '/');
    });
  }

  it('falls back to the portal of the settings', async (t) => {
    const portal = 'https://portal.example.com/start';
    const { world } = await openWithAna(t, { policy: 'off', environment: { SALLYPORT_PORTAL_URL: portal } });
    const browser = world.person();
    const { location = '' } = await browser.signIn(ANA);
    assert.match(location, /^\/continue\?to=/, 'after a form by a page of ours');
    assert.ok((await browser.get(location)).text.includes(refreshTo(portal)));
    assert.equal((await browser.get('/sign-in')).location, portal, 'from a link at once');
  });
});

describe('a sign-in that is over', () => {
  it('sends a signed-in person on from the sign-in page to where the sign-in went', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.post('/sign-in', { email: ANA, password: PASSWORD, return_to: '/security/sessions' });
    const again = await browser.get('/sign-in');
    assert.equal(again.status, 303);
    assert.equal(again.location, '/security/sessions');
    assert.equal((await browser.get('/sign-in/one-time-code')).location, '/security/sessions');
  });

  it('leads first to the codes where they wait', async (t) => {
    const environment = { SALLYPORT_PORTAL_URL: 'https://portal.example.com/' };
    const { world } = await openWithAna(t, { environment });
    const browser = world.person();
    await browser.signIn(ANA);
    const secret = await startEnrollment(browser);
    await browser.post('/enroll/authenticator', { code: world.totp(secret) });
    for (const path of ['/sign-in', '/enroll', '/sign-in/one-time-code']) {
      assert.equal((await browser.get(path)).location, '/enroll/recovery-codes', path);
    }
  });

  it('answers a second submit of its code with 303 to where it went', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    await browser.post('/sign-in', { email: ANA, password: PASSWORD, return_to: '/security/sessions' });
    const held = cookieOf(browser, 'pending') ?? '';
    const code = world.totp(secret);
    assert.equal((await browser.post('/sign-in/one-time-code', { code })).location, '/security/sessions');
    // Sent again before the first answer arrived, so without its cookies.
    browser.cookies.clear();
    setCookie(browser, 'pending', held);
    const second = await browser.post('/sign-in/one-time-code', { code });
    assert.equal(second.status, 303);
    assert.equal(second.location, '/security/sessions');
    assert.equal((await sessionsOf(world)).length, 2, 'the one that enrolled and this one');
  });

  it('tells a person who took longer than ten minutes to sign in again', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    const token = await pendingToken(world);
    await browser.signIn(ANA);
    world.clock.at += 10 * MINUTE - 1;
    assert.equal((await browser.get('/sign-in/one-time-code')).status, 200);
    world.clock.at += 1;
    const late = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    assert.equal(late.location, '/sign-in?ended');
    const page = await browser.get('/sign-in?ended');
    assert.match(refusalOn(page.text), /This sign-in has ended/);
    assert.equal(headingOn(page.text), 'Sign in');
    const { status, body } = await world.api('GET', '/api/v1/sign-in', undefined, token);
    assert.deepEqual([status, body.code], [401, 'sign_in_expired']);
  });
});

async function sessionsOf(world: World) {
  return world.env.db.read.selectFrom('sessions').selectAll().execute();
}
