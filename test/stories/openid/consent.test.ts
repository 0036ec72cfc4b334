import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANA } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  addPortal,
  discover,
  errorIn,
  follow,
  open,
  openStory,
  redeem,
  signedIn,
  submit,
  tokensFor,
} from './openid-story.ts';

const SECOND_FACTOR = { acr_values: 'urn:sallyport:acr:mfa' };
const THIRD_PARTY = { client: { isThirdParty: true, name: 'Ledger' } };

test('a client of another company asks for consent once, and again for more', async (t) => {
  const { world, config, portal } = await openStory(t, THIRD_PARTY);
  const browser = await signedIn(world);
  const asked = await open(config, browser, { scope: 'openid email' });
  assert.match(asked.path, /^\/consent\?resume=/);
  assert.match(asked.text, /<h1>Ledger asks for your permission<\/h1>/);
  assert.match(asked.text, /your email/);
  assert.doesNotMatch(asked.text, /your company/);
  const { left } = await submit(browser, '/consent', { answer: 'allow' });
  await redeem(config, asked.attempt, left);
  await tokensFor(config, browser, { scope: 'openid email' });
  await tokensFor(config, browser, { scope: 'openid' });
  const more = await open(config, browser, { scope: 'openid email partner' });
  assert.match(more.text, /your company/);
  await redeem(config, more.attempt, (await submit(browser, '/consent', { answer: 'allow' })).left);
  const events = (await world.events()).filter(({ action }) => action === 'consent.given');
  assert.deepEqual(
    events.map(({ detail }) => detail),
    [
      { clientId: portal.client.id, scopes: ['openid', 'email'] },
      { clientId: portal.client.id, scopes: ['openid', 'email', 'partner'] },
    ],
  );
});

test('consent is remembered for a person and a client, and asked again in a new session with `prompt=consent`', async (t) => {
  const { world, config, partner } = await openStory(t, THIRD_PARTY);
  const browser = await signedIn(world);
  await open(config, browser);
  await submit(browser, '/consent', { answer: 'allow' });
  await tokensFor(config, await signedIn(world));
  const asked = await open(config, await signedIn(world), { prompt: 'consent' });
  assert.match(asked.path, /^\/consent\?resume=/);
  const ben = await world.addUser({ email: 'ben@acme.example', partnerId: partner.id });
  assert.match((await open(config, await signedIn(world, ben))).path, /^\/consent/);
  const other = await discover(world, await addPortal(world, { isThirdParty: true }));
  assert.match((await open(other, browser)).path, /^\/consent/);
});

test('a client of our own shows no consent, for offline access neither', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  const tokens = await tokensFor(config, browser, { scope: 'openid offline_access' });
  assert.ok(tokens.refresh_token);
  assert.equal((await tokensFor(config, browser, { scope: 'openid' })).refresh_token, undefined);
});

test('Deny answers the client with `access_denied`, whatever it asked for, and remembers nothing', async (t) => {
  const { world, config, secret } = await openStory(t, { ...THIRD_PARTY, policy: 'required', hasAuthenticator: true });
  const browser = await signedIn(world, { secret });
  for (const params of [{}, SECOND_FACTOR]) {
    await open(config, browser, params);
    assert.equal(errorIn(await submit(browser, '/consent', { answer: 'deny' })), 'access_denied');
  }
  for (const fields of [{}, { answer: 'yes' }] as Record<string, string>[]) {
    await open(config, browser);
    assert.equal(errorIn(await submit(browser, '/consent', fields)), 'access_denied');
  }
  assert.match((await open(config, browser)).path, /^\/consent/);
});

test('consent that was given in one session is of no use in another', async (t) => {
  const { world, config } = await openStory(t, THIRD_PARTY);
  const browser = await signedIn(world);
  const asked = await open(config, browser, { prompt: 'consent' });
  const allowed = await browser.post('/consent', { answer: 'allow' });
  // Before the browser continues, a person signs in again in it.
  await browser.post('/sign-out');
  await browser.get(asked.path.replace('/consent', '/sign-in'));
  await browser.post('/sign-in', { email: ANA, password: PASSWORD });
  const onwards = await follow(browser, String(allowed.location));
  assert.match(onwards.path, /^\/consent/);
});

test('people of other partners, and staff, are told that a portal is not for them, and can go back', async (t) => {
  const { world } = await openStory(t);
  const other = await world.addPartner({ slug: 'other', name: 'Other' });
  const limited = await discover(world, await addPortal(world, { partners: ['other'] }));
  const admin = await world.addUser({ email: 'ada@portal.example', role: 'admin', partnerId: undefined });
  const secret = await world.addAuthenticator(admin.id);
  for (const person of [{}, { email: admin.email, secret }]) {
    const browser = await signedIn(world, person);
    for (const params of [{}, SECOND_FACTOR]) {
      const told = await open(limited, browser, params);
      assert.equal(told.status, 403);
      assert.match(told.text, /<h1>This application isn’t open to your company<\/h1>/);
      const back = /href="(\/oidc\/continue\/[\w-]{43}\/cancel)"/.exec(told.text)?.[1];
      assert.equal(errorIn(await follow(browser, String(back))), 'access_denied');
      assert.equal(errorIn(await open(limited, browser, { prompt: 'none' })), 'access_denied');
    }
  }
  const eve = await world.addUser({ email: 'eve@other.example', partnerId: other.id });
  const eveSecret = await world.addAuthenticator(eve.id);
  const tokens = await tokensFor(limited, await signedIn(world, { email: eve.email, secret: eveSecret }));
  assert.equal(tokens.claims()?.sub, eve.id);
});

test('the pages of a request are of this request alone', async (t) => {
  const { world, config } = await openStory(t, THIRD_PARTY);
  const browser = await signedIn(world);
  for (const path of ['/consent', '/oidc/choose', `/consent?resume=/oidc/continue/${'x'.repeat(43)}`]) {
    assert.equal((await browser.get(path)).status, 404, path);
  }
  const asked = await open(config, browser);
  const other = await signedIn(world);
  assert.equal((await other.get(asked.path)).status, 404, 'of another browser');
  const resume = new URL(asked.path, 'https://x').searchParams.get('resume') ?? '';
  assert.equal((await other.post('/consent', { answer: 'allow', resume })).status, 404);
  assert.equal((await other.get(`${resume}/cancel`)).status, 404);
  assert.equal((await browser.get(asked.path)).status, 200);
});
