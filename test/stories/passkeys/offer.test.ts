import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingOn, openWithEnrolledAna, refusalOn } from '../../story.ts';
import { optionsFrom, passkeysOf, phone, sendForm, signInAlone } from './passkey-story.ts';

const OFFER = '/sign-in/passkey-offer';
const DAY = 24 * 60 * 60;

async function signInOn(story: Awaited<ReturnType<typeof openWithEnrolledAna>>, device: string) {
  const { world, ana, secret } = story;
  world.clock.at += 30;
  const browser = world.person();
  await browser.signIn(ana.email);
  const answer = await browser.post('/sign-in/one-time-code', { code: world.totp(secret), device });
  return { browser, location: answer.location };
}

test('after a code on a device that can hold a passkey one is offered, at most once a month', async (t) => {
  const story = await openWithEnrolledAna(t);
  assert.equal((await signInOn(story, '')).location, '/', 'the device holds none');
  const first = await signInOn(story, 'passkey');
  assert.equal(first.location, OFFER);
  const page = await first.browser.get(OFFER);
  assert.equal(headingOn(page.text), 'Sign in without a code next time');
  assert.match(page.text, /<a class="button quiet" href="\/">Not now<\/a>/);
  assert.equal((await signInOn(story, 'passkey')).location, '/');
  story.world.clock.at += 30 * DAY;
  assert.equal((await signInOn(story, 'passkey')).location, OFFER);
});

test('the offered passkey is added, and the sign-in goes on to where it leads', async (t) => {
  const story = await openWithEnrolledAna(t, { environment: { SALLYPORT_PORTAL_URL: 'https://portal.example/' } });
  const { browser } = await signInOn(story, 'passkey');
  const device = phone();
  const options = await optionsFrom(browser, OFFER, '/security/authenticators/passkey/options');
  const credential = JSON.stringify(device.register(options));
  const fields = { credential, next: 'continue' };
  const added = await sendForm(browser, (await browser.get(OFFER)).text, '/security/authenticators/passkey', fields);
  assert.match(added.location ?? '', /^\/continue\?/, refusalOn(added.text));
  assert.equal((await passkeysOf(story.world, story.ana.id)).length, 1);
  const next = story.world.person();
  assert.equal((await signInAlone(next, device)).status, 303);
  assert.equal((await signInOn(story, 'passkey')).location?.includes(OFFER), false);
});
