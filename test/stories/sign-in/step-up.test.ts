import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  breakSecret,
  cookieOf,
  openWithAna,
  openWithEnrolledAna,
  plain,
  refusalOn,
  setCookie,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD } from '../../world.ts';

const PROTECTED = ['/security/authenticator', '/security/recovery-codes', '/security/password'];
const ACTS = ['/security/authenticator/start', '/security/authenticator', '/security/authenticator/turn-off'];

describe('a step-up', () => {
  it('is asked for once the proof of the sign-in is five minutes old, to the second', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await signInFully(world, browser, secret);
    world.clock.at += 300 - 30 - 1;
    for (const path of PROTECTED) assert.equal((await browser.get(path)).status, 200, path);
    world.clock.at += 1;
    for (const path of PROTECTED) assert.equal((await browser.get(path)).location, '/step-up', path);
    await browser.get('/security');
    for (const path of [...ACTS, '/security/recovery-codes', '/security/password']) {
      const refused = await browser.post(path, { current: PASSWORD, new: 'another otter velvet 8', code: '123456' });
      assert.equal(refused.status, 403, path);
      assert.match(refused.text, /href="\/step-up"/);
    }
    assert.equal((await browser.get('/security/sessions')).status, 200, 'looking needs none');
  });

  it('leads back to where it was asked for, under a new cookie value, and holds for five minutes', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    world.clock.at += 300;
    await browser.get('/security/password');
    const before = cookieOf(browser, 'session') ?? '';
    const page = await browser.get('/step-up');
    assert.match(plain(page.text), /Confirm it’s you.*One-time code.*Verify.*Use a recovery code/);
    const proven = await browser.post('/step-up', { code: world.totp(secret) });
    assert.equal(proven.location, '/security/password');
    assert.notEqual(cookieOf(browser, 'session'), before);
    assert.equal((await browser.get('/security/password')).status, 200);
    const old = world.person();
    setCookie(old, 'session', before);
    assert.match((await old.get('/security')).location ?? '', /^\/sign-in/, 'the older value is dead');
    assert.equal((await browser.get('/step-up')).location, '/security', 'nothing left to prove');
    world.clock.at += 300;
    assert.equal((await browser.get('/security/password')).location, '/step-up');
  });

  it('says what is wrong, with the status of the refusal', async (t) => {
    const { world, browser, secret, codes } = await openWithEnrolledAna(t);
    world.clock.at += 300;
    const post = (code: string) => browser.post('/step-up', { code });
    const wrong = await post(wrongCode(world, secret));
    assert.deepEqual([wrong.status, /One-time code is incorrect/.test(refusalOn(wrong.text))], [422, true]);
    assert.match(refusalOn((await post(world.totp(secret, -4))).text), /Code expired/);
    const mixedUp = await post(codes[0] ?? '');
    assert.equal(mixedUp.status, 400);
    assert.match(/id="refusal"[\s\S]*?<\/div><\/div>/.exec(mixedUp.text)?.[0] ?? '', /href="\/step-up\/recovery-code"/);
    assert.equal((await browser.get('/security/password')).location, '/step-up');
  });

  it('goes by recovery code too, once, and names a one-time code there', async (t) => {
    const { world, browser, secret, codes } = await openWithEnrolledAna(t);
    world.clock.at += 300;
    await browser.get('/security/authenticator');
    const mixedUp = await browser.post('/step-up/recovery-code', { code: world.totp(secret) });
    assert.equal(mixedUp.status, 400);
    assert.match(/id="refusal"[\s\S]*?<\/div><\/div>/.exec(mixedUp.text)?.[0] ?? '', /href="\/step-up"/);
    const before = cookieOf(browser, 'session');
    const proven = await browser.post('/step-up/recovery-code', { code: codes[4] ?? '' });
    assert.equal(proven.location, '/security/authenticator');
    assert.notEqual(cookieOf(browser, 'session'), before);
    assert.match(plain((await browser.get('/security')).text), /You used a recovery code\. 9 codes are left/);
    world.clock.at += 300;
    await browser.get('/step-up/recovery-code');
    const again = await browser.post('/step-up/recovery-code', { code: codes[4] ?? '' });
    assert.match(refusalOn(again.text), /Recovery code already used/);
  });

  it('never goes by password for a person with an authenticator, working or not', async (t) => {
    const { world, ana, browser, codes } = await openWithEnrolledAna(t);
    world.clock.at += 300;
    await browser.get('/step-up');
    const refused = await browser.post('/step-up', { password: PASSWORD });
    assert.equal(refused.status, 400);
    await breakSecret(world, ana.id);
    assert.equal((await browser.post('/step-up', { password: PASSWORD })).status, 400);
    const unreadable = await browser.post('/step-up', { code: '123456' });
    assert.equal(unreadable.status, 403);
    assert.match(refusalOn(unreadable.text), /We can’t check your code .*Use a recovery code/);
    await browser.get('/step-up/recovery-code');
    assert.equal((await browser.post('/step-up/recovery-code', { code: codes[0] ?? '' })).status, 303);
  });

  it('is not asked for in the five minutes after a sign-in by password', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.signIn(ANA);
    world.clock.at += 300 - 1;
    assert.equal((await browser.get('/security/authenticator')).status, 200);
    assert.equal((await browser.post('/security/authenticator/start')).status, 303);
    world.clock.at += 1;
    assert.equal((await browser.get('/security/authenticator')).location, '/step-up');
  });

  it('goes by the current password for a person without one', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.signIn(ANA);
    world.clock.at += 300;
    assert.equal((await browser.get('/security/authenticator')).location, '/step-up');
    assert.equal((await browser.get('/step-up/recovery-code')).location, '/step-up');
    const wrong = await browser.post('/step-up', { password: 'not my password 1' });
    assert.equal(wrong.status, 401);
    assert.match(refusalOn(wrong.text), /Password is incorrect/);
    assert.doesNotMatch(wrong.text, /not my password/);
    const before = cookieOf(browser, 'session');
    assert.equal((await browser.post('/step-up', { password: PASSWORD })).location, '/security/authenticator');
    assert.notEqual(cookieOf(browser, 'session'), before);
    world.clock.at += 300;
    assert.equal((await browser.get('/security/authenticator')).location, '/step-up');
  });

  it('of one session opens no other', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    world.clock.at += 300;
    const other = world.person();
    await signInFully(world, other, secret);
    assert.equal((await other.get('/security/password')).status, 200);
    assert.equal((await browser.get('/security/password')).location, '/step-up');
  });
});
