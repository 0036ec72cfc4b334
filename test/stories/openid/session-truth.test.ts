import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import * as oidc from 'openid-client';
import { SESSIONS_PER_USER } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import { tidy } from '#features/operate/housekeeping.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { archivePartner, changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { deliverLogouts } from '#webhooks/logouts.ts';
import { addPortal, discover, openPortalWorld, signInFrom } from './openid-story.ts';

const DAY = 24 * 60 * 60;
const OFFLINE = { scope: 'openid offline_access' };

/** A person signed in to a portal with a refresh token. */
async function signedIn(t: TestContext, more: Parameters<typeof addPortal>[1] = {}) {
  const world = await openPortalWorld(t);
  const partner = await world.addPartner({ slug: 'acme', name: 'Acme', policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const portal = await addPortal(world, more);
  const config = await discover(world, portal);
  const browser = world.person();
  const tokens = await signInFrom(world, config, { browser, email: ana.email, secret }, OFFLINE);
  assert.ok(tokens.refresh_token);
  return { world, partner, ana, portal, config, browser, tokens, refresh: tokens.refresh_token };
}

type SignedIn = Awaited<ReturnType<typeof signedIn>>;

async function assertOver({ config, tokens, refresh, ana }: SignedIn): Promise<void> {
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, ana.id));
  await assert.rejects(oidc.refreshTokenGrant(config, refresh));
}

const reason = { actor: 'command_line', reason: 'left' };

const ENDS: Readonly<Record<string, (one: SignedIn) => Promise<unknown>>> = {
  'Sign out': ({ browser }) => browser.post('/sign-out'),
  'the person is disabled': ({ world, ana }) => disableUser(world.env, { id: ana.id, ...reason }),
  'the person is deleted': async ({ world, ana }) => {
    await disableUser(world.env, { id: ana.id, ...reason });
    return deleteUser(world.env, { id: ana.id, ...reason });
  },
  'MFA is reset': ({ world, ana }) => takeAuthenticators(world.env, { id: ana.id, ...reason }),
  'the partner is archived': ({ world, partner }) => archivePartner(world.env, 'command_line', partner.id),
};

describe('C17 CVE-2026-43983 (Pocket ID): tokens end with the next request when', () => {
  for (const [name, end] of Object.entries(ENDS)) {
    test(name, async (t) => {
      const one = await signedIn(t);
      const ended = await end(one);
      assert.ok(typeof ended !== 'object' || ended === null || !isRefusal(ended), JSON.stringify(ended));
      await assertOver(one);
    });

    test(`${name}, long after the session has ended by itself`, async (t) => {
      if (name === 'Sign out') return;
      const one = await signedIn(t);
      one.world.clock.at += 2 * DAY;
      await tidy(one.world.env);
      const refreshed = await oidc.refreshTokenGrant(one.config, one.refresh);
      await end(one);
      await assertOver({ ...one, tokens: refreshed, refresh: String(refreshed.refresh_token) } as SignedIn);
    });
  }

  test('the client is disabled, for everybody', async (t) => {
    const one = await signedIn(t);
    assert.ok(!isRefusal(await disableClient(one.world.env, 'command_line', one.portal.client.id)));
    await assertOver(one);
  });

  test('the policy asks for a second factor that was not proven', async (t) => {
    const world = await openPortalWorld(t);
    const partner = await world.addPartner({ slug: 'acme', policy: 'off' });
    const { email } = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
    const config = await discover(world, await addPortal(world));
    const tokens = await signInFrom(world, config, { browser: world.person(), email }, OFFLINE);
    await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required' });
    await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)));
  });
});

test('a session that ends by itself ends all but what was granted with offline_access', async (t) => {
  const one = await signedIn(t);
  const { world, config } = one;
  const second = await discover(world, await addPortal(world, { name: 'Second' }));
  const online = await signInFrom(world, second, { browser: one.browser, email: one.ana.email });
  world.clock.at += 60 * 60 + 60;
  await assert.rejects(oidc.fetchUserInfo(second, online.access_token, one.ana.id));
  const renewed = await oidc.refreshTokenGrant(config, one.refresh);
  world.clock.at += 2 * DAY;
  await tidy(world.env);
  assert.deepEqual(await world.env.db.read.selectFrom('sessions').select('id').execute(), []);
  assert.ok((await oidc.refreshTokenGrant(config, String(renewed.refresh_token))).access_token);
});

/** A person who signed in by a password alone, and a portal with a refresh token. */
async function signedInByPassword(t: TestContext) {
  const world = await openPortalWorld(t);
  const partner = await world.addPartner({ slug: 'acme', policy: 'off' });
  const { email } = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const config = await discover(world, await addPortal(world));
  const tokens = await signInFrom(world, config, { browser: world.person(), email }, OFFLINE);
  return { world, email, config, refresh: String(tokens.refresh_token) };
}

test('what a password alone was good for ends on the day from which the policy asks for more', async (t) => {
  const { world, config, refresh } = await signedInByPassword(t);
  const requiredFrom = world.clock.at + 3 * DAY;
  await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'required', requiredFrom });
  world.clock.at += 2 * DAY;
  const renewed = await oidc.refreshTokenGrant(config, refresh);
  world.clock.at = requiredFrom;
  await assert.rejects(oidc.refreshTokenGrant(config, String(renewed.refresh_token)), { error: 'invalid_grant' });
});

test('many sign-ins of a day end nothing that has outlived its session', async (t) => {
  const { world, email, config, refresh } = await signedInByPassword(t);
  world.clock.at += 2 * 60 * 60;
  for (let count = 0; count <= SESSIONS_PER_USER; count++) await world.person().signIn(email);
  assert.ok((await oidc.refreshTokenGrant(config, refresh)).access_token);
});

test('a client that listens gets a notice of a sign-out, and again until it has taken it', async (t) => {
  const heard: URLSearchParams[] = [];
  let status = 500;
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      heard.push(new URLSearchParams(body));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  t.after(() => receiver.close());
  const { port } = receiver.address() as AddressInfo;
  const backchannelLogoutUri = `http://127.0.0.1:${port}/logout`;
  const one = await signedIn(t, { backchannelLogoutUri, isBackchannelInternal: true });
  await one.browser.post('/sign-out');
  await deliverLogouts(one.world.env);
  assert.equal(heard.length, 1);
  status = 200;
  one.world.clock.at += 10 * 60;
  await deliverLogouts(one.world.env);
  assert.equal(heard.length, 2);
  one.world.clock.at += DAY;
  await deliverLogouts(one.world.env);
  assert.equal(heard.length, 2, 'told once');
  const [, body = ''] = String(heard[1]?.get('logout_token')).split('.');
  const { iss, aud, sub, sid, events, nonce } = JSON.parse(Buffer.from(body, 'base64url').toString());
  const claims = one.tokens.claims();
  assert.deepEqual([iss, aud, sub, sid, nonce], [claims?.iss, claims?.aud, one.ana.id, claims?.sid, undefined]);
  assert.deepEqual(events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
});
