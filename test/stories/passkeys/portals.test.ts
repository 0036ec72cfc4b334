import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as oidc from 'openid-client';
import { changePasskeyPolicy } from '#flows/authenticators/passkey-policy.ts';
import { ANA } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import { APP_ORIGIN, openBrowser, openPortal, SCRIPT } from '../forward-auth/forward-auth-story.ts';
import { errorIn, follow, open, openStory, redeem, signedIn, submit, tokensFor } from '../openid/openid-story.ts';
import { phone, RP_ID, securityKey, sendForm, signInAlone } from './passkey-story.ts';

const MFA = 'urn:sallyport:acr:mfa';
const DAY = 24 * 60 * 60;
const ADD = '/security/authenticators/passkey';

/** Creates or uses a passkey on a page of the way to a portal. */
async function sendFrom(
  browser: ReturnType<Awaited<ReturnType<typeof openStory>>['world']['person']>,
  page: string,
  answer: (options: never) => object,
) {
  const { pathname } = new URL(page, 'https://x');
  const resume = new URL(page, 'https://x').searchParams.get('resume') ?? '';
  const { text } = await browser.get(page);
  const asked = await sendForm(browser, text, `${pathname}/options`, { resume });
  assert.equal(asked.status, 200, asked.text);
  const credential = JSON.stringify(answer(JSON.parse(asked.text) as never));
  return sendForm(browser, text, pathname, { resume, credential });
}

/** Ana with a passkey, set up on the way to a portal that asks for one. */
async function openWithPhr(t: TestContext, device = phone({ rpId: RP_ID })) {
  const story = await openStory(t);
  const browser = await signedIn(story.world);
  const asked = await open(story.config, browser, { acr_values: 'phr' });
  assert.match(asked.path, /^\/security\/authenticators\/passkey\?resume=/);
  const done = await sendFrom(browser, asked.path, (options) => device.register(options));
  assert.match(done.location ?? '', /^\/enroll\/recovery-codes\?resume=/, done.text);
  await browser.get(done.location ?? '');
  const landed = await submit(browser, '/enroll/recovery-codes', { saved: 'yes' });
  const claims = (await redeem(story.config, asked.attempt, landed.left)).claims();
  story.world.clock.at += 60;
  return { ...story, device, browser, claims };
}

describe('a portal that asks for `phr`', () => {
  it('gets it from a person without a passkey, who sets one up on the way', async (t) => {
    const { claims } = await openWithPhr(t);
    assert.equal(claims?.acr, 'phr');
    assert.deepEqual(claims?.amr, ['pwd', 'swk', 'user', 'mfa']);
  });

  it('gets it without a page after a sign-in by passkey alone, with the methods of one', async (t) => {
    const { world, config, device } = await openWithPhr(t, securityKey({ rpId: RP_ID }));
    const browser = world.person();
    assert.equal((await signInAlone(browser, device)).location, '/');
    await browser.get('/');
    const claims = (await tokensFor(config, browser, { acr_values: 'phr' })).claims();
    assert.deepEqual([claims?.acr, claims?.amr], ['phr', ['hwk', 'user', 'mfa']]);
    assert.equal(claims?.auth_time, world.clock.at);
  });

  it('asks a session by a code for its passkey alone, never for a code, and raises it', async (t) => {
    const { world, config, device, ana } = await openWithPhr(t);
    const secret = await world.addAuthenticator(ana.id);
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    await browser.get('/');
    await browser.get('/');
    assert.equal((await tokensFor(config, browser, { acr_values: MFA })).claims()?.acr, MFA);
    const asked = await open(config, browser, { acr_values: 'phr' });
    assert.match(asked.path, /^\/step-up\/passkey\?resume=/);
    const proven = await sendFrom(browser, asked.path, (options) => device.authenticate(options));
    const { left } = await follow(browser, proven.location ?? '');
    const claims = (await redeem(config, asked.attempt, left)).claims();
    assert.deepEqual([claims?.acr, claims?.amr], ['phr', ['pwd', 'otp', 'swk', 'user', 'mfa']]);
    assert.equal((await tokensFor(config, browser, { acr_values: 'phr' })).claims()?.acr, 'phr');
  });

  it('is told when the person goes back instead, and never in a circle', async (t) => {
    const { world, config } = await openWithPhr(t);
    const browser = world.person();
    const { text } = await open(config, browser, { acr_values: 'phr' });
    const back = /href="(\/oidc\/continue\/[\w-]{43}\/cancel)"/.exec(text)?.[1];
    assert.equal(errorIn(await follow(browser, String(back))), 'unmet_authentication_requirements');
  });

  it('takes the weaker class of two that it names', async (t) => {
    const { config, browser } = await openWithPhr(t);
    const claims = (await tokensFor(config, browser, { acr_values: `phr ${MFA}` })).claims();
    assert.equal(claims?.acr, 'phr');
  });

  it('is told that it cannot be met where the partner allows no passkeys', async (t) => {
    const { world, config, partner } = await openStory(t);
    await world.env.db.transaction((tx) =>
      tx.updateTable('partners').set({ passkey_policy: 'off' }).where('id', '=', partner.id).execute(),
    );
    const browser = await signedIn(world);
    const asked = await open(config, browser, { acr_values: 'phr', prompt: 'none' });
    assert.equal(errorIn(asked), 'unmet_authentication_requirements');
    assert.equal(errorIn(await open(config, browser, { acr_values: 'phr' })), 'unmet_authentication_requirements');
  });
});

describe('a protected host that asks for `phr`', () => {
  it('has a passkey set up on the way, and lets in with it', async (t) => {
    const { world, browser } = await openPortal(t, { site: { acr: 'phr' } });
    const page = await browser.signInAt(`${APP_ORIGIN}/payouts`);
    const { pathname, search } = new URL(page.url);
    assert.equal(pathname, ADD);
    const device = phone();
    const done = await sendFrom(browser.own, pathname + search, (options) => device.register(options));
    assert.match(done.location ?? '', /^\/enroll\/recovery-codes/, done.text);
    await browser.own.get(done.location ?? '');
    const resume = new URLSearchParams(search).get('resume') ?? '';
    const saved = await browser.own.post('/enroll/recovery-codes', { saved: 'yes', resume });
    const landed = await browser.follow(new URL(saved.location ?? '', page.url).href);
    assert.deepEqual([landed.url, landed.status], [`${APP_ORIGIN}/payouts`, 200]);
    assert.deepEqual(
      [landed.headers.get('x-sallyport-acr'), landed.headers.get('x-sallyport-amr')],
      ['phr', 'pwd swk user mfa'],
    );
    await stepsUp(world, device);
  });

  /** Another browser, in a session by a recovery code or a code: the passkey is asked for. */
  async function stepsUp(world: Awaited<ReturnType<typeof openPortal>>['world'], device: ReturnType<typeof phone>) {
    world.clock.at += 60;
    const other = openBrowser(world, '192.0.2.44');
    const page = await other.follow(`${APP_ORIGIN}/`);
    const resume = new URL(page.url).searchParams.get('resume') ?? '';
    await other.own.get(`/sign-in?${new URLSearchParams({ resume })}`);
    const prompt = await other.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
    assert.match(prompt.location ?? '', /^\/sign-in\/passkey/);
    const done = await sendFrom(other.own, prompt.location ?? '', (options) => device.authenticate(options));
    const landed = await other.follow(new URL(done.location ?? '', page.url).href);
    assert.equal(landed.headers.get('x-sallyport-acr'), 'phr');
  }

  it('does not let in with a code', async (t) => {
    const { world, browser, ana } = await openPortal(t, { site: { acr: 'phr' } });
    const secret = await world.addAuthenticator(ana.id);
    const page = await browser.follow(`${APP_ORIGIN}/`);
    const resume = new URL(page.url).searchParams.get('resume') ?? '';
    await browser.own.post('/sign-in', { email: ANA, password: PASSWORD, resume });
    const done = await browser.own.post('/sign-in/one-time-code', { code: world.totp(secret), resume });
    assert.equal(done.status, 303);
    const led = await browser.follow(new URL(resume, page.url).href);
    assert.equal(new URL(led.url).pathname, ADD);
    assert.equal((await browser.visit(`${APP_ORIGIN}/`, { headers: SCRIPT })).status, 401);
  });
});

describe('where a partner requires passkeys from a date', () => {
  it('a grant with offline access from before, without a passkey, gives no tokens after it', async (t) => {
    const { world, config, partner, secret } = await openStory(t, { hasAuthenticator: true });
    const browser = await signedIn(world, { secret });
    const tokens = await tokensFor(config, browser, { scope: 'openid offline_access' });
    const requiredFrom = world.clock.at + 2 * DAY;
    await changePasskeyPolicy(world.env, 'command_line', partner.id, { policy: 'required', requiredFrom });
    world.clock.at = requiredFrom - 1;
    const renewed = await oidc.refreshTokenGrant(config, String(tokens.refresh_token));
    world.clock.at = requiredFrom;
    await assert.rejects(oidc.refreshTokenGrant(config, String(renewed.refresh_token)));
  });
});
