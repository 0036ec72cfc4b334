import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refreshTokenGrant } from 'openid-client';
import type { MfaPolicy } from '#core/people/policy.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { ANA, cookieOf } from '../../story.ts';
import { PASSWORD, type Person } from '../../world.ts';
import { APP, APP_ORIGIN, addSite, openBrowser, openPortal } from '../forward-auth/forward-auth-story.ts';
import { errorIn, open, openStory, redeem, submit, tokensFor } from '../openid/openid-story.ts';
import { allow, CODE_PAGE, rowsOf, signInTrusting, trust } from './trusted-story.ts';

const MFA = 'urn:sallyport:acr:mfa';
const PWD = 'urn:sallyport:acr:pwd';

/** A portal, and Ana in a browser that she trusts. */
async function openTrustingPortal(t: Parameters<typeof openStory>[0], policy: MfaPolicy = 'required') {
  const story = await openStory(t, { policy, hasAuthenticator: true });
  await allow(story.world, story.partner.id);
  const browser = story.world.person();
  await trust(story.world, browser, story.secret);
  return { ...story, browser };
}

const signIn = (browser: Person) => submit(browser, '/sign-in', { email: ANA, password: PASSWORD });

test('a portal learns that only a password was proven', async (t) => {
  const { config, browser } = await openTrustingPortal(t);
  const { attempt } = await open(config, browser);
  const claims = (await redeem(config, attempt, (await signIn(browser)).left)).claims();
  assert.deepEqual([claims?.amr, claims?.acr], [['pwd'], PWD]);
});

test('a portal that asks for a second factor gets one: the trusted device is no answer', async (t) => {
  const { world, config, secret, browser } = await openTrustingPortal(t);
  const { attempt } = await open(config, browser, { acr_values: MFA });
  const asked = await signIn(browser);
  assert.match(asked.path, /^\/step-up\?resume=/);
  const { left } = await submit(browser, '/step-up', { code: world.totp(secret) });
  const claims = (await redeem(config, attempt, left)).claims();
  assert.deepEqual([claims?.amr, claims?.acr], [['pwd', 'otp', 'mfa'], MFA]);
  assert.equal((await tokensFor(config, browser, { acr_values: MFA })).claims()?.acr, MFA, 'and not again');
});

for (const params of [{ prompt: 'login' }, { max_age: '0' }, { max_age: '600' }]) {
  test(`${JSON.stringify(params)} asks for every factor on a trusted device`, async (t) => {
    const { world, config, secret, browser } = await openTrustingPortal(t);
    const { attempt } = await open(config, browser, params);
    assert.match((await signIn(browser)).path, /^\/step-up\?resume=/);
    const { left } = await submit(browser, '/step-up', { code: world.totp(secret) });
    assert.deepEqual((await redeem(config, attempt, left)).claims()?.amr, ['pwd', 'otp', 'mfa']);
  });
}

test('without a page, a trusted session answers no question for fresh factors', async (t) => {
  const { config, browser } = await openTrustingPortal(t);
  await browser.signIn(ANA);
  await browser.get('/');
  const silent = { prompt: 'none' };
  assert.equal((await tokensFor(config, browser, silent)).claims()?.acr, PWD);
  assert.equal(errorIn(await open(config, browser, { ...silent, max_age: '600' })), 'login_required');
  const unmet = await open(config, browser, { ...silent, acr_values: MFA });
  assert.equal(errorIn(unmet), 'unmet_authentication_requirements');
});

test('the box is not offered to a tab that signs in for a portal which asks for a code all the same', async (t) => {
  const { world, config, browser } = await openTrustingPortal(t);
  for (const [params, isOffered] of [
    [{}, true],
    [{ acr_values: PWD }, true],
    [{ acr_values: MFA }, false],
    [{ prompt: 'login' }, false],
    [{ max_age: '600' }, false],
  ] as const) {
    const other = world.person();
    await open(config, other, params);
    const { text, path } = await signIn(other);
    assert.match(path, /^\/sign-in\/one-time-code\?resume=/);
    assert.equal(text.includes('id="trust"'), isOffered, JSON.stringify(params));
  }
  assert.ok(browser);
});

test('tokens that a trusted session gave end with the device, even those that outlived the session', async (t) => {
  const { world, config, ana, browser } = await openTrustingPortal(t);
  const { attempt } = await open(config, browser, { scope: 'openid offline_access' });
  await redeem(config, attempt, (await signIn(browser)).left);
  const grants = () =>
    world.env.db.read.selectFrom('oidc_grants').select(['trusted_device_id', 'session_id']).execute();
  const [device] = await rowsOf(world, ana.id);
  assert.deepEqual(
    (await grants()).map((row) => row.trusted_device_id),
    [device?.id],
  );
  // As housekeeping detaches it when the session has expired.
  await world.env.db.transaction((tx) => tx.updateTable('oidc_grants').set({ session_id: null }).execute());
  const partnerId = (await world.env.db.read.selectFrom('partners').select('id').executeTakeFirstOrThrow()).id;
  await changeTrustedDevices(world.env, 'command_line', partnerId, false);
  assert.deepEqual(await grants(), []);
});

for (const policy of ['required', 'optional'] as const) {
  const outlives = policy === 'optional';
  test(`a refresh token of a trusted session ${outlives ? 'outlives' : 'ends with'} it where MFA is ${policy}`, async (t) => {
    const { world, config, browser } = await openTrustingPortal(t, policy);
    const { attempt } = await open(config, browser, { scope: 'openid offline_access' });
    const tokens = await redeem(config, attempt, (await signIn(browser)).left);
    world.clock.at += 60 * 60;
    assert.equal((await browser.get('/')).status, 303);
    const refreshed = refreshTokenGrant(config, String(tokens.refresh_token));
    if (outlives) assert.ok((await refreshed).access_token);
    else await assert.rejects(refreshed, { error: 'invalid_grant' });
  });
}

test('tokens of a session that proved its code on a trusted device do not end with it', async (t) => {
  const { world, config, partner, secret, browser } = await openTrustingPortal(t);
  const { attempt } = await open(config, browser, { scope: 'openid offline_access', acr_values: MFA });
  await signIn(browser);
  await redeem(config, attempt, (await submit(browser, '/step-up', { code: world.totp(secret) })).left);
  await allow(world, partner.id, false);
  assert.equal((await world.env.db.read.selectFrom('oidc_grants').select('id').execute()).length, 1);
});

test('a protected host that asks for MFA lets a trusted device in only after the code', async (t) => {
  const { world, partnerId, ana } = await openPortal(t, { site: { acr: 'mfa' } });
  await addSite(world, { host: 'wiki.example.com' });
  await allow(world, partnerId);
  const secret = await world.addAuthenticator(ana.id);
  const browser = openBrowser(world);
  await signInTrusting(world, browser.own, secret);
  await browser.own.post('/sign-out');
  assert.notEqual(cookieOf(browser.own, 'trust'), undefined);
  const wiki = await browser.signInAt('https://wiki.example.com/');
  assert.deepEqual(
    ['amr', 'acr'].map((name) => wiki.headers.get(`x-sallyport-${name}`)),
    ['pwd', PWD],
  );
  const asked = await browser.follow(`${APP_ORIGIN}/`);
  assert.match(new URL(asked.url).pathname, /^\/step-up/);
  const resume = new URL(asked.url).searchParams.get('resume') ?? '';
  const { location = '' } = await browser.own.post('/step-up', { code: world.totp(secret), resume });
  const entered = await browser.follow(new URL(location, world.env.config.publicUrl.origin).href);
  assert.equal(entered.headers.get('x-sallyport-acr'), MFA);
  const fresh = openBrowser(world, '192.0.2.40');
  const page = await fresh.follow(`https://${APP}/`);
  await fresh.own.post('/sign-in', {
    email: ANA,
    password: PASSWORD,
    resume: new URL(page.url).searchParams.get('resume') ?? '',
  });
  assert.doesNotMatch(
    (await fresh.own.get(`${CODE_PAGE}?resume=${new URL(page.url).searchParams.get('resume')}`)).text,
    /id="trust"/,
  );
});
