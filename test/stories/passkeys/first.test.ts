import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addWebhook } from '#flows/administration/webhooks.ts';
import {
  ANA,
  codesOn,
  headingOn,
  openWithAna,
  openWithEnrolledAna,
  plain,
  refusalOn,
  sendUnoffered,
} from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import { eventsOf, lastEvents, mailKinds, openWithPasskeyOnly } from './passkey-people.ts';
import {
  addPasskey,
  amrOf,
  enrollPasskey,
  givePasskey,
  optionsFrom,
  passkeysOf,
  phone,
  securityKey,
  sendForm,
  signInAlone,
} from './passkey-story.ts';

const ENROLL = '/enroll/passkey';

describe('a passkey as the first authenticator at sign-in', () => {
  it('stands beside the app, comes with recovery codes until Done, and is an event, a mail and a webhook', async (t) => {
    const { world, ana } = await openWithAna(t, { policy: 'required' });
    const browser = world.person();
    assert.equal((await browser.signIn(ANA)).location, '/enroll');
    const prompt = await browser.get('/enroll');
    assert.equal(headingOn(prompt.text), 'Two-Factor Authentication');
    await browser.post('/enroll');
    const beside = (await browser.get('/enroll/authenticator')).text;
    assert.match(beside, /data-passkey-needs="device"/, 'only where this device can hold one');
    assert.ok(beside.indexOf('Confirmation code') < beside.indexOf('Or use a passkey'), 'the app is first');
    const done = await enrollPasskey(browser, phone());
    assert.equal(done.location, '/enroll/recovery-codes', refusalOn(done.text));
    const { text } = await browser.get('/enroll/recovery-codes');
    assert.equal(codesOn(text).length, 10);
    assert.deepEqual(
      codesOn((await browser.get('/enroll/recovery-codes')).text),
      codesOn(text),
      'the same after a reload',
    );
    assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).location, '/');
    assert.equal(await amrOf(world, ana.id), 'pwd swk user mfa');
    const [enrolled] = await eventsOf(world, 'passkey.enrolled');
    const [passkey] = await passkeysOf(world, ana.id);
    assert.deepEqual(enrolled?.detail, { authenticatorId: passkey?.id, synced: true });
    assert.deepEqual((await mailKinds(world))[0], 'mfa_enrolled');
  });

  it('tells a webhook that the person is enrolled', async (t) => {
    const { world } = await openWithAna(t, { policy: 'required' });
    const hook = { url: 'https://hook.example/', events: ['user.mfa_enrolled'] } as const;
    assert(!('refused' in (await addWebhook(world.env, 'command_line', hook))));
    const browser = world.person();
    await browser.signIn(ANA);
    await enrollPasskey(browser, phone());
    const sent = await world.env.db.read.selectFrom('webhook_deliveries').select('type').execute();
    assert.deepEqual(sent, [{ type: 'user.mfa_enrolled' }]);
  });

  it('without user verification is a second factor all the same, and says so in amr', async (t) => {
    const { world, ana } = await openWithAna(t, { policy: 'required' });
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await enrollPasskey(browser, securityKey({ userVerification: false }))).status, 303);
    assert.equal(await amrOf(world, ana.id), 'pwd hwk mfa');
  });

  it('keeps recovery codes as the way without scripts', async (t) => {
    const { world, ana, codes } = await openWithPasskeyOnly(t);
    const browser = world.person();
    assert.equal((await browser.signIn(ANA)).location, '/sign-in/passkey');
    const { text } = await browser.get('/sign-in/passkey');
    assert.match(text, /<noscript>[\s\S]*Use a recovery code[\s\S]*<\/noscript>/);
    assert.doesNotMatch(text, /one-time-code"/, 'no app to lead to');
    const used = await browser.submit('/sign-in/recovery-code', { code: codes[0] ?? '' });
    assert.match(plain(used.text), /You used a recovery code\. 9 codes are left/);
    assert.equal(await amrOf(world, ana.id), 'pwd mfa');
  });

  it('takes no code of an app that the person does not have', async (t) => {
    const { world } = await openWithPasskeyOnly(t);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await browser.get('/sign-in/one-time-code')).location, '/sign-in/passkey');
    const sent = await sendUnoffered(browser, '/sign-in/passkey', '/sign-in/one-time-code', { code: '123456' });
    assert.notEqual(sent.status, 303);
    assert.equal(sent.status < 500, true);
  });

  it('is refused for a person who has an authenticator: that one must be proven', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await browser.get(ENROLL)).location, '/sign-in/one-time-code');
    const refused = await sendUnoffered(browser, '/sign-in/one-time-code', `${ENROLL}/options`);
    assert.equal(refused.status, 403);
    const sent = await sendUnoffered(browser, '/sign-in/one-time-code', ENROLL, { credential: '{}' });
    assert.equal(sent.location, '/sign-in/one-time-code');
  });

  it('of a thief who opened the page first is not confirmed in the sign-in of the person', async (t) => {
    const { world } = await openWithAna(t, { policy: 'required' });
    const [thief, victim] = [world.person(), world.person('192.0.2.8')];
    await thief.signIn(ANA);
    await victim.signIn(ANA);
    const options = await optionsFrom(thief, ENROLL, `${ENROLL}/options`);
    const credential = JSON.stringify(phone().register(options));
    const sent = await sendForm(victim, (await victim.get(ENROLL)).text, ENROLL, { credential });
    assert.equal(sent.status, 422);
    assert.deepEqual(await lastEvents(world, 1).then(([event]) => event?.action), 'enrollment.started');
  });
});

describe('a passkey as the first authenticator in the security settings', () => {
  it('comes with recovery codes, and the session has the second factor', async (t) => {
    const { world, ana } = await openWithAna(t, { policy: 'off' });
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.post('/step-up', { password: PASSWORD });
    assert.match((await browser.get('/security/authenticator')).text, /Create a passkey/);
    const done = await addPasskey(browser, phone());
    assert.equal(done.location, '/enroll/recovery-codes', refusalOn(done.text));
    assert.equal(codesOn((await browser.get('/enroll/recovery-codes')).text).length, 10);
    assert.equal(await amrOf(world, ana.id), 'pwd swk user mfa');
  });

  it('signs in afterwards, with a password and without', async (t) => {
    const { world, device } = await openWithPasskeyOnly(t);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await givePasskey(browser, device)).location, '/');
    assert.equal((await signInAlone(world.person(), device)).location, '/');
  });
});
