import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingOn, refusalOn } from '../../story.ts';
import { openWithBoth } from './passkey-people.ts';
import { amrOf, givePasskey, securityKey, signInAlone } from './passkey-story.ts';

test('a passkey is offered first after it was used last, and is the second factor', async (t) => {
  const { world, ana, device } = await openWithBoth(t);
  const browser = world.person();
  assert.equal((await browser.signIn('ana@acme.example')).location, '/sign-in/passkey');
  const { text } = await browser.get('/sign-in/passkey');
  assert.equal(headingOn(text), 'Use your passkey');
  assert.match(text, /href="\/sign-in\/one-time-code"/);
  assert.match(text, /href="\/sign-in\/recovery-code"/);
  const answer = await givePasskey(browser, device);
  assert.equal(answer.location, '/', refusalOn(answer.text));
  assert.equal(await amrOf(world, ana.id), 'pwd swk user mfa');
  assert.match((await browser.get('/')).text, /Password and passkey/);
});

test('the app is offered first after it was used last, and the passkey is one link away', async (t) => {
  const { world, secret } = await openWithBoth(t);
  const browser = world.person();
  await browser.signIn('ana@acme.example');
  await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  world.clock.at += 30;
  const next = world.person();
  assert.equal((await next.signIn('ana@acme.example')).location, '/sign-in/one-time-code');
  assert.match((await next.get('/sign-in/one-time-code')).text, /href="\/sign-in\/passkey"/);
});

test('a passkey alone is the whole sign-in, and counts as both factors', async (t) => {
  const { world, ana, device } = await openWithBoth(t, securityKey());
  const browser = world.person();
  const answer = await signInAlone(browser, device);
  assert.equal(answer.location, '/', refusalOn(answer.text));
  assert.equal(await amrOf(world, ana.id), 'hwk user mfa');
  assert.equal((await browser.get('/security')).status, 200);
  const actions = (await world.events()).map(({ action }) => action);
  assert.deepEqual(actions.slice(-2), ['sign_in.completed', 'sign_in.passkey_accepted']);
});

test('alone it needs user verification, after a password it does not', async (t) => {
  const { world, ana, device } = await openWithBoth(t);
  const alone = await signInAlone(world.person(), device, { userVerified: false });
  assert.equal(alone.status, 422);
  assert.match(refusalOn(alone.text), /This passkey didn’t work/);
  const browser = world.person();
  await browser.signIn('ana@acme.example');
  assert.equal((await givePasskey(browser, device, { userVerified: false })).status, 303);
  assert.equal(await amrOf(world, ana.id), 'pwd swk mfa');
});

test('one-time codes still work beside a passkey', async (t) => {
  const { world, ana, secret } = await openWithBoth(t);
  const browser = world.person();
  await browser.signIn('ana@acme.example');
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  assert.equal(await amrOf(world, ana.id), 'pwd otp mfa');
});
