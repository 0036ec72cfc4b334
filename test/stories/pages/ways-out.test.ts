import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  headingOn,
  openWithAna,
  openWithEnrolledAna,
  refusalOn,
  signInFully,
  startEnrollment,
  wrongCode,
} from '../../story.ts';
import type { World } from '../../world.ts';

describe('a form whose tries are used up', () => {
  it('is no longer on the page: a code at sign-in, and a recovery code', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    for (const [path, wrong] of [
      ['/sign-in/one-time-code', wrongCode(world, secret)],
      ['/sign-in/recovery-code', '7KQ2-M9XT-BD4H-FVA8'],
    ] as const) {
      const browser = world.person();
      await browser.signIn(ANA);
      const { text } = await sendUntilOver(() => browser.post(path, { code: wrong }));
      assert.match(refusalOn(text), /Sign in again/, path);
      assert.doesNotMatch(text, /name="code"/, path);
      assert.match(text, /class="button primary" href="\/sign-in"/, path);
      world.clock.at += 86_400;
    }
  });

  it('is no longer on the page: a set-up at sign-in', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await startEnrollment(browser);
    const { text } = await sendUntilOver(() => browser.post('/enroll/authenticator', { code: '000000' }));
    assert.doesNotMatch(text, /name="code"/);
    assert.match(text, /class="button primary" href="\/sign-in"/);
  });

  it('leaves the way to a new start where somebody is signed in', async (t) => {
    const { browser } = await atReplacement(t);
    const { text } = await sendUntilOver(() => browser.post('/security/authenticator', { code: '000000' }));
    assert.doesNotMatch(text, /name="code"/);
    assert.match(refusalOn(text), /start again with a new QR code/);
    await browser.post('/security/authenticator/cancel');
    assert.match(headingOn((await browser.get('/security/authenticator')).text), /Replace/);
  });
});

describe('a refused code at a set-up', () => {
  it('of a replacement says that the app shows two entries, and a first set-up does not', async (t) => {
    const { browser, world, secret } = await atReplacement(t);
    const refused = await browser.post('/security/authenticator', { code: world.totp(secret) });
    assert.match(refusalOn(refused.text), /two entries with the same name/);
    const { world: other } = await openWithAna(t);
    const newcomer = other.person();
    await newcomer.signIn(ANA);
    await startEnrollment(newcomer);
    const { text } = await newcomer.post('/enroll/authenticator', { code: '000000' });
    assert.doesNotMatch(refusalOn(text), /two entries/);
  });

  it('leaves the code to type as it was: open without scripts', async (t) => {
    const { browser } = await atReplacement(t);
    const isOpen = (text: string) => /<details class="more manual" open>/.test(text);
    assert.equal(isOpen((await browser.get('/security/authenticator')).text), false);
    const sent = (manual: string) => browser.post('/security/authenticator', { code: '000000', manual });
    assert.equal(isOpen((await sent('')).text), true);
    assert.equal(isOpen((await sent('open')).text), true);
    assert.equal(isOpen((await sent('closed')).text), false);
  });
});

describe('a page that ends something', () => {
  it('says that the person has signed out', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.get('/');
    const { location = '' } = await browser.post('/sign-out');
    assert.match((await browser.get(location)).text, /role="status">You have signed out/);
    assert.doesNotMatch((await browser.get('/sign-in')).text, /You have signed out/);
  });

  it('repeats the email to which a link went, and keeps it out of the address', async (t) => {
    const { world } = await openWithAna(t);
    for (const email of [ANA, 'nobody@acme.example']) {
      const browser = world.person();
      await browser.get('/forgot-password');
      const { location = '' } = await browser.post('/forgot-password', { email });
      assert.doesNotMatch(decodeURIComponent(location), /acme|@/);
      assert.match((await browser.get(location)).text, new RegExp(`sign in here with <strong[^>]*>${email}</strong>`));
      world.clock.at += 86_400;
    }
    const other = await world.person().get('/forgot-password?sent&to=forged');
    assert.match(other.text, /sign in here with <strong[^>]*>your email</);
  });
});

describe('the security page', () => {
  const DEADLINE = 1_800_000_000 + 40 * 86_400;

  it('says what the policy asks: from a day on, now, or at will', async (t) => {
    const cases = [
      [
        { policy: 'required', requiredFrom: DEADLINE },
        /Acme Telecom requires it from .*2027.*Until then, you can sign in/,
      ],
      [{ policy: 'optional' }, /Acme Telecom lets you decide/],
    ] as const;
    for (const [setting, said] of cases) {
      const { world } = await openWithAna(t, setting);
      const browser = world.person();
      await browser.signIn(ANA);
      await browser.get('/enroll');
      await browser.post('/enroll/skip');
      assert.match((await browser.get('/security')).text, said);
    }
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    await signInFully(world, browser, secret);
    assert.match((await browser.get('/security')).text, /Acme Telecom requires it\./);
  });

  it('says until when somebody is exempt, and nothing where MFA is off', async (t) => {
    const { world, ana } = await openWithAna(t);
    await exempt(world, ana.id, DEADLINE);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.match((await browser.get('/security')).text, /You are exempt until .*2027/);
    const { world: off } = await openWithAna(t, { policy: 'off' });
    const other = off.person();
    await other.signIn(ANA);
    assert.doesNotMatch((await other.get('/security')).text, /requires it|exempt|lets you decide/);
  });
});

function exempt(world: World, id: string, until: number) {
  return world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ exempt_until: until }).where('id', '=', id).execute(),
  );
}

async function atReplacement(t: Parameters<typeof openWithEnrolledAna>[0]) {
  const { world, secret } = await openWithEnrolledAna(t);
  const browser = world.person();
  await signInFully(world, browser, secret);
  await browser.get('/security/authenticator');
  await browser.post('/security/authenticator/start');
  return { world, browser, secret };
}

/** Sends the same wrong code until the tries of this sign-in or set-up are used. */
async function sendUntilOver(send: () => Promise<{ readonly status: number; readonly text: string }>) {
  for (let tries = 0; tries < 40; tries++) {
    const answer = await send();
    if (answer.status === 429) return answer;
  }
  throw new Error('no end of tries');
}
