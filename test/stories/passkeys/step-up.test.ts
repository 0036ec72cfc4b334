import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, cookieOf, headingOn, refusalOn } from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';
import { addBen, eventsOf, openWithBoth, openWithPasskeyOnly } from './passkey-people.ts';
import { amrOf, givePasskey, optionsFrom, phone, signInAlone, stepUpWith } from './passkey-story.ts';

const PAGE = '/step-up/passkey';
const ADD = '/security/authenticators/passkey';

/** Five minutes later the sign-in no longer counts. */
async function wait(world: World, browser: Person): Promise<void> {
  world.clock.at += 5 * 60;
  assert.equal((await browser.get(ADD)).location, '/step-up');
}

describe('a step-up with a passkey', () => {
  it('is asked for first after it was used last, opens what was asked for, and gives a new token', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await givePasskey(browser, device);
    await wait(world, browser);
    assert.equal((await browser.get('/step-up')).location, PAGE);
    const { text } = await browser.get(PAGE);
    assert.equal(headingOn(text), 'Confirm it’s you');
    assert.match(text, /href="\/step-up\?with=totp"/);
    assert.match(text, /href="\/step-up\/recovery-code"/);
    const old = cookieOf(browser, 'session');
    assert.equal((await stepUpWith(browser, device)).location, ADD);
    assert.notEqual(cookieOf(browser, 'session'), old);
    assert.equal((await browser.get(ADD)).status, 200);
    assert.deepEqual((await eventsOf(world, 'step_up.proven')).at(-1)?.detail, { method: 'passkey' });
    assert.equal(await amrOf(world, ana.id), 'pwd swk user mfa');
  });

  it('adds the passkey to what a session with a code has proven', async (t) => {
    const { world, ana, device, secret } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    assert.equal((await stepUpWith(browser, device)).status, 303);
    assert.equal(await amrOf(world, ana.id), 'pwd otp swk user mfa');
  });

  it('prefers user verification where the session has a password', async (t) => {
    const { world, device } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    await givePasskey(browser, device);
    assert.equal((await optionsFrom(browser, PAGE, `${PAGE}/options`)).userVerification, 'preferred');
    assert.equal((await stepUpWith(browser, device, { userVerified: false })).status, 303);
  });

  it('requires user verification where the session began with a passkey alone', async (t) => {
    const { world, device } = await openWithBoth(t);
    const browser = world.person();
    await signInAlone(browser, device);
    assert.equal((await optionsFrom(browser, PAGE, `${PAGE}/options`)).userVerification, 'required');
    const refused = await stepUpWith(browser, device, { userVerified: false });
    assert.equal(refused.status, 422);
    assert.match(refusalOn(refused.text), /This passkey didn’t work/);
    assert.deepEqual((await eventsOf(world, 'step_up.refused')).at(-1)?.detail.method, 'passkey');
    assert.equal((await stepUpWith(browser, device)).status, 303);
  });

  it('of another person is not one', async (t) => {
    const { world, device } = await openWithBoth(t);
    const bens = phone();
    await addBen(world, bens);
    const browser = world.person();
    await signInAlone(browser, device);
    await wait(world, browser);
    assert.equal((await stepUpWith(browser, bens, { ignoresOptions: true })).status, 422);
    assert.equal((await browser.get(ADD)).location, '/step-up');
  });

  it('is the way for a person without an app, and a recovery code the other', async (t) => {
    const { world, device, codes } = await openWithPasskeyOnly(t);
    const browser = world.person();
    await signInAlone(browser, device);
    await wait(world, browser);
    assert.equal((await browser.get('/step-up')).location, PAGE);
    const { text } = await browser.get(PAGE);
    assert.doesNotMatch(text, /with=totp/);
    assert.match(text, /<noscript>[\s\S]*recovery code[\s\S]*<\/noscript>/);
    await browser.get('/step-up/recovery-code');
    assert.equal((await browser.post('/step-up/recovery-code', { code: codes[0] ?? '' })).location, ADD);
  });

  it('of a password is not possible for a person with a passkey', async (t) => {
    const { world, device } = await openWithPasskeyOnly(t);
    const browser = world.person();
    await signInAlone(browser, device);
    await wait(world, browser);
    await browser.get(PAGE);
    const sent = await browser.post('/step-up', { password: PASSWORD });
    assert.notEqual(sent.status, 303);
    assert.equal((await browser.get(ADD)).location, '/step-up');
  });
});

it('a sign-in with a passkey alone counts as a step-up for five minutes', async (t) => {
  const { world, device } = await openWithBoth(t);
  const browser = world.person();
  await signInAlone(browser, device);
  world.clock.at += 5 * 60 - 1;
  assert.equal((await browser.get(ADD)).status, 200);
  world.clock.at += 1;
  assert.equal((await browser.get(ADD)).location, '/step-up');
});
