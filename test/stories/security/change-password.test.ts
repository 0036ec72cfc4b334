import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, cookieOf, openWithEnrolledAna, plain, refusalOn, signInFully } from '../../story.ts';
import { PASSWORD } from '../../world.ts';

describe('changing the password', () => {
  const NEXT = 'copper lagoon whistle 4';

  it('needs the current one, and a new one that is good enough', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    await browser.get('/security/password');
    const wrong = await browser.post('/security/password', { current: 'not my password 1', new: NEXT });
    assert.equal(wrong.status, 401);
    assert.match(refusalOn(wrong.text), /Password is incorrect/);
    assert.doesNotMatch(wrong.text, /not my password|copper/);
    for (const weak of ['short 1', 'passwordpassword', 'ana@acme.example1', '']) {
      const refused = await browser.post('/security/password', { current: PASSWORD, new: weak });
      assert.equal(refused.status, 422, weak);
      assert.match(refused.text, /aria-describedby="[^"]*new-error/);
    }
    await browser.post('/sign-out');
    assert.equal((await browser.signIn(ANA, PASSWORD)).location, '/sign-in/one-time-code', 'nothing has changed');
  });

  it('ends other sessions, forgets devices, kills the old password and keeps this browser known', async (t) => {
    const { world, browser, secret, ana } = await openWithEnrolledAna(t);
    const [other, half] = [world.person(), world.person()];
    await signInFully(world, other, secret);
    await half.signIn(ANA);
    const device = cookieOf(browser, 'device');
    await browser.get('/security/password');
    assert.equal((await browser.post('/security/password', { current: PASSWORD, new: NEXT })).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /Your password was changed\. 1 other session was ended/);
    assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await half.get('/sign-in/one-time-code')).location, '/sign-in');
    assert.notEqual(cookieOf(browser, 'device'), device);
    const devices = await world.env.db.read.selectFrom('devices').selectAll().execute();
    assert.deepEqual(
      devices.map(({ user_id }) => user_id),
      [ana.id],
      'this one alone',
    );
    assert.equal((await world.person().signIn(ANA, PASSWORD)).status, 401);
    await browser.post('/sign-out');
    assert.equal(
      (await browser.signIn(ANA, NEXT)).location,
      '/sign-in/one-time-code',
      'the second factor is still asked for',
    );
    const known = (await world.events()).filter(({ action }) => action === 'sign_in.password_accepted').at(-1);
    assert.equal(known?.detail.knownDevice, true);
  });

  it('is shown with its time', async (t) => {
    const { world, browser, ana } = await openWithEnrolledAna(t);
    const seen = async () => plain((await browser.get('/security')).text);
    assert.match(await seen(), /Only you know it/);
    await browser.get('/security/password');
    await browser.post('/security/password', { current: PASSWORD, new: NEXT });
    assert.match(await seen(), /Last changed \S+ \d+, \d{4}/);
    const { password_set_at: chosenAt } = await world.env.db.read
      .selectFrom('users')
      .select('password_set_at')
      .where('id', '=', ana.id)
      .executeTakeFirstOrThrow();
    assert.equal(chosenAt, world.clock.at);
  });
});
