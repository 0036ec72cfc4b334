import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { disableUser } from '#flows/administration/person-acts.ts';
import { listen } from '#http/server/listen.ts';
import { deliverLogouts } from '#webhooks/logouts.ts';
import { ANA } from '../../story.ts';
import { openWorld } from '../../world.ts';
import { addPortal } from '../openid/openid-story.ts';
import { startApache } from './apache.ts';
import { freePort, startPortal } from './servers.ts';
import { openSocketBrowser, PAGE, SCRIPT, type Shown, type SocketBrowser, toldOf } from './socket-browser.ts';

const MFA = 'urn:sallyport:acr:mfa';

/** A plain page behind the real mod_auth_openidc, and Ana, whose partner has this policy. */
async function openBehind(t: TestContext, policy: 'off' | 'required') {
  const [port, ours, portal] = [await freePort(), await freePort(), await startPortal(t)];
  const [app, issuer] = [`http://localhost:${port}`, `http://localhost:${ours}`];
  const world = await openWorld(t, {
    environment: { SALLYPORT_PUBLIC_URL: issuer, PORT: String(ours) },
    clock: { at: Math.floor(Date.now() / 1000) },
  });
  const listening = await listen(world.env, world.app);
  t.after(() => listening.close());
  const { client, secret = '' } = await addPortal(world, {
    redirectUris: [`${app}/openid-connect`],
    postLogoutRedirectUris: [`${app}/signed-out`],
    backchannelLogoutUri: `${app}/openid-connect?logout=backchannel`,
    isBackchannelInternal: true,
  });
  await startApache(t, { port, portal: portal.port, issuer, clientId: client.id, secret });
  const { id: partnerId } = await world.addPartner({ slug: 'acme', name: 'Acme', policy });
  const ana = await world.addUser({ email: ANA, partnerId });
  const totp = policy === 'required' ? await world.addAuthenticator(ana.id) : '';
  return { world, app, issuer, ana, partnerId, totp, browser: openSocketBrowser() };
}

type Behind = Awaited<ReturnType<typeof openBehind>>;

/** Proves a second factor, and continues past a notice about recovery codes. */
async function goOn(browser: SocketBrowser, start: string): Promise<Shown> {
  const page = await browser.follow(start);
  const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(page.text)?.[1];
  return onwards === undefined ? page : browser.follow(new URL(onwards, page.url).href);
}

async function signIn({ world, app, issuer, totp, browser }: Behind, path = '/reports?month=3'): Promise<Shown> {
  const page = await browser.follow(app + path);
  assert.equal(new URL(page.url).origin, issuer);
  const next = await browser.submitPassword(page);
  if (totp === '') return browser.follow(next);
  const asked = await browser.follow(next);
  const done = await browser.submit(asked, '/sign-in/one-time-code', { code: world.totp(totp) });
  world.clock.at += 30;
  return goOn(browser, done);
}

test('behind mod_auth_openidc a person signs in with both factors, and the page knows who it is', async (t) => {
  const behind = await openBehind(t, 'required');
  const landed = await signIn(behind);
  assert.equal(landed.url, `${behind.app}/reports?month=3`);
  const told = toldOf(landed);
  const claim = (name: string) => told.get(`oidc_claim_${name}`);
  assert.deepEqual(claim('sub'), [behind.ana.id]);
  assert.deepEqual([claim('acr'), claim('amr')], [[MFA], ['pwd,otp,mfa']]);
  assert.deepEqual([claim('email'), claim('name'), claim('role')], [[ANA], ['Ana Silva'], ['member']]);
  const partner = JSON.parse(String(claim('partner')?.[0]));
  assert.deepEqual(partner, { id: behind.partnerId, slug: 'acme', name: 'Acme' });
});

test('a page that needs a second factor steps up, also when the wish is taken out of the address', async (t) => {
  const behind = await openBehind(t, 'off');
  const { world, app, issuer, ana, browser } = behind;
  const before = toldOf(await signIn(behind));
  assert.deepEqual(before.get('oidc_claim_acr'), ['urn:sallyport:acr:pwd']);
  const secret = await world.addAuthenticator(ana.id);

  const asked = new URL(String((await browser.ask(`${app}/payouts`)).headers.location));
  assert.equal(asked.searchParams.get('acr_values'), MFA);
  asked.searchParams.delete('acr_values');
  const page = await browser.follow(asked.href);
  assert.equal(page.url.split('?')[0], `${issuer}/step-up`, 'Apache looks at the ID token, and asks again');

  const landed = await goOn(browser, await browser.submit(page, '/step-up', { code: world.totp(secret) }));
  assert.equal(landed.url, `${app}/payouts`);
  assert.deepEqual(toldOf(landed).get('oidc_claim_acr'), [MFA]);
  assert.deepEqual(toldOf(landed).get('oidc_claim_amr'), ['pwd,otp,mfa']);
});

test('who turns back from a step-up lands on the first page, and does not see the one behind it', async (t) => {
  const behind = await openBehind(t, 'off');
  const { app, browser } = behind;
  await signIn(behind);
  const page = await browser.follow(`${app}/payouts`);
  const back = /href="(\/oidc\/continue\/[\w-]{43}\/cancel)"/.exec(page.text)?.[1];
  const landed = await browser.follow(new URL(String(back), page.url).href);
  assert.equal(landed.url, `${app}/`);
  assert.deepEqual(toldOf(landed).get('oidc_claim_acr'), ['urn:sallyport:acr:pwd']);
});

test('Sign out behind mod_auth_openidc ends both sessions without a question', async (t) => {
  const behind = await openBehind(t, 'off');
  const { world, app, issuer, browser } = behind;
  await signIn(behind);
  const logout = new URLSearchParams({ logout: `${app}/signed-out` });
  const left = await browser.follow(`${app}/openid-connect?${logout}`);
  assert.equal(left.url, `${app}/signed-out`);
  assert.match(left.text, /Signed out/);
  const again = await browser.follow(`${app}/reports`);
  assert.equal(again.url.split('?')[0], `${issuer}/sign-in`);
  await deliverLogouts(world.env);
  assert.deepEqual(await waitingLogouts(behind), [], 'a client that ended its session first takes the notice too');
});

test('mod_auth_openidc takes our logout token, and serves the page no longer', async (t) => {
  const behind = await openBehind(t, 'required');
  const { world, app, ana, browser } = behind;
  await signIn(behind);
  await disableUser(world.env, { id: ana.id, actor: 'command_line', reason: 'left' });
  assert.equal((await waitingLogouts(behind)).length, 1);
  assert.equal((await browser.ask(`${app}/reports`)).status, 200, 'Apache has a session of its own');
  await deliverLogouts(world.env);
  assert.deepEqual(await waitingLogouts(behind), []);
  assert.equal((await browser.ask(`${app}/reports`)).status, 302);
  assert.equal((await browser.ask(`${app}/reports`, { headers: Object.entries(SCRIPT) })).status, 401);
});

test('what a browser sends under the names of the claims does not reach the page', async (t) => {
  const behind = await openBehind(t, 'off');
  const { app, ana, browser } = behind;
  await signIn(behind);
  const names = ['sub', 'acr', 'role', 'nothing'].flatMap((name) =>
    ['OIDC_CLAIM_', 'oidc_claim_', 'OIDC-CLAIM-', 'OIDC.CLAIM.'].map((prefix) => prefix + name),
  );
  const forged = names.map((name) => [name, 'forged'] as const);
  const told = toldOf(await browser.ask(`${app}/reports`, { headers: [...Object.entries(PAGE), ...forged] }));
  assert.deepEqual(told.get('oidc_claim_sub'), [ana.id]);
  assert.deepEqual(
    [...told].filter(([, values]) => values.includes('forged')),
    [],
  );
});

function waitingLogouts({ world }: Behind) {
  return world.env.db.read.selectFrom('oidc_logouts').select('id').execute();
}
