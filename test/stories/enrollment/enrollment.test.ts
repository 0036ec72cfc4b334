import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from 'otpauth';
import {
  ANA,
  codesOn,
  headingOn,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  plain,
  refusalOn,
  secretOn,
  startEnrollment,
  wrongCode,
} from '../../story.ts';
import { type Person, START, type World } from '../../world.ts';

const confirm = (browser: Person, code: string) => browser.post('/enroll/authenticator', { code });

describe('the way from the prompt to the app', () => {
  it('goes by the words of the article', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const prompt = await browser.get('/enroll');
    assert.equal(headingOn(prompt.text), 'Two-Factor Authentication');
    assert.match(plain(prompt.text), /Get Started/);
    assert.equal((await browser.post('/enroll')).location, '/enroll/authenticator');

    const { text } = await browser.get('/enroll/authenticator');
    assert.match(plain(text), /Try manual code .*Copy .*Confirmation code .*Verify/);
    const secret = secretOn(text);
    assert.equal(plain(/<p class="secret"[\s\S]*?<\/p>/.exec(text)?.[0] ?? '').replaceAll(' ', ''), secret);
    assert.match(text, /<code>(<span>[A-Z2-7]{4}<\/span><wbr>){8}<\/code>/, 'grouped for the eye, no spaces');
    assert.match(text, new RegExp(`data-copy="${secret}"|value="${secret}"`), 'a copy has no spaces');
    const uri = `otpauth://totp/Partner%20Interface:${encodeURIComponent(ANA)}\\?secret=${secret}`;
    assert.match(
      text,
      new RegExp(`href="${uri}&amp;issuer=Partner%20Interface&amp;algorithm=SHA1&amp;digits=6&amp;period=30"`),
    );
    assert.match(text, /<svg[\s\S]*<\/svg>/);
    assert.match(text, /aria-label="QR code[^"]*Try manual code/);
    assert.match(text, /autocomplete="username" value="ana@acme\.example" readonly/);
    assert.match(text, /href="\/help\/set-up"/);

    assert.equal((await confirm(browser, world.totp(secret))).location, '/enroll/recovery-codes');
    const codes = await browser.get('/enroll/recovery-codes');
    assert.equal(codesOn(codes.text).length, 10);
    assert.match(plain(codes.text), /Copy .*Download .*Print .*I have saved these recovery codes .*Done/);
    assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/');
    assert.equal((await browser.get('/')).status, 200, 'nobody is asked for a second code right after set-up');
  });

  it('shows the same secret again on reload, back and a second Get Started', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const secret = await startEnrollment(browser);
    assert.equal(secretOn((await browser.get('/enroll/authenticator')).text), secret);
    assert.equal(await startEnrollment(browser), secret);
  });

  it('leads back to the prompt when nothing was started', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await browser.get('/enroll/authenticator')).location, '/enroll');
    assert.equal((await browser.get('/sign-in/one-time-code')).location, '/enroll');
    assert.equal((await browser.get('/sign-in/recovery-code')).location, '/enroll');
  });

  it('says what is wrong with a confirmation code, beside the same secret', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const secret = await startEnrollment(browser);
    const wrong = await confirm(browser, wrongCode(world, secret));
    assert.equal(wrong.status, 422);
    assert.match(refusalOn(wrong.text), /Confirmation code is incorrect .*enter the 6 digits it shows/);
    assert.equal(secretOn(wrong.text), secret);
    world.clock.at += 7;
    const expired = await confirm(browser, world.totp(secret, -3));
    assert.match(refusalOn(expired.text), /Code expired That code expired 67 seconds ago|Code expired .*2 minutes ago/);
    const malformed = await confirm(browser, '12 34');
    assert.equal(malformed.status, 400);
    assert.match(refusalOn(malformed.text), /Enter the 6 digits of your code/);
    world.clock.at += 30;
    const clock = await confirm(browser, world.totp(secret, -3));
    assert.match(refusalOn(clock.text), /differ by about .* your phone is behind/);
    assert.equal((await confirm(browser, world.totp(secret))).status, 303);
  });

  it('ends after ten minutes and begins again with another secret', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const first = await startEnrollment(browser);
    world.clock.at += 60;
    await browser.get('/sign-in');
    await browser.signIn(ANA);
    await browser.get('/enroll/authenticator');
    world.clock.at = START + 600;
    const late = await confirm(browser, world.totp(first));
    assert.equal(late.location, '/enroll?ended');
    const prompt = await browser.get('/enroll?ended');
    assert.match(refusalOn(prompt.text), /Set-up has expired .*Start again with a new QR code/);
    const second = await startEnrollment(browser);
    assert.notEqual(second, first);
    assert.equal((await confirm(browser, world.totp(first))).status, 422, 'the first is dead');
    assert.equal((await confirm(browser, world.totp(second))).status, 303);
  });

  it('has twenty tries of its own; after them a new secret is the way on', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const secret = await startEnrollment(browser);
    for (let ordinal = 0; ordinal < 20; ordinal++) {
      assert.equal((await confirm(browser, wrongCode(world, secret, ordinal))).status, 422);
    }
    assert.equal((await confirm(browser, world.totp(secret))).status, 429);
    const next = await startEnrollment(browser);
    assert.notEqual(next, secret);
    assert.equal((await confirm(browser, world.totp(next))).status, 303);
  });
});

describe('an enrollment', () => {
  it('belongs to one sign-in: a thief with the password does not share the secret with his victim', async (t) => {
    const { world } = await openWithAna(t);
    const [thief, ana] = [world.person('198.51.100.1'), world.person()];
    await thief.signIn(ANA);
    await ana.signIn(ANA);
    const stolen = await startEnrollment(thief);
    const secret = await startEnrollment(ana);
    assert.notEqual(secret, stolen);
    assert.equal((await confirm(ana, world.totp(stolen))).status, 422);
    assert.equal((await confirm(ana, world.totp(secret))).status, 303);
    assert.equal((await confirm(thief, world.totp(stolen))).location, '/sign-in', 'what was half open is over');
    assert.equal(await authenticators(world), 1);
  });

  it('changes nothing when it is abandoned', async (t) => {
    const { world } = await openWithAna(t, { policy: 'optional' });
    const browser = world.person();
    await browser.signIn(ANA);
    await startEnrollment(browser);
    world.clock.at += 3600;
    assert.equal((await world.person().signIn(ANA)).location, '/enroll');
    assert.equal(await authenticators(world), 0);
  });

  it('takes no secret from outside', async (t) => {
    const { world } = await openWithAna(t);
    const token = await pendingToken(world);
    await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const own = new Secret({ size: 20 }).base32;
    const body = { code: world.totp(own), secret: own };
    assert.equal((await world.api('POST', '/api/v1/sign-in/enrollment/confirm', body, token)).status, 400);
    const browser = world.person();
    await browser.signIn(ANA);
    await startEnrollment(browser);
    assert.equal((await browser.post('/enroll/authenticator', body)).status, 422);
  });

  it('is closed to a person who has an authenticator, and the secret is never shown again', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    const half = world.person();
    await half.signIn(ANA);
    for (const path of ['/enroll', '/enroll/authenticator']) {
      assert.equal((await half.get(path)).location, '/sign-in/one-time-code', path);
    }
    await half.get('/sign-in/one-time-code');
    const pages = [await half.get('/sign-in/one-time-code'), await browser.get('/'), await browser.get('/security')];
    pages.push(await browser.get('/security/authenticator'), await browser.get('/enroll/authenticator'));
    for (const { text } of pages) assert.equal(text.includes(secret) || text.includes('otpauth'), false);
  });
});

async function authenticators(world: World): Promise<number> {
  return (await world.env.db.read.selectFrom('authenticators').select('id').execute()).length;
}
